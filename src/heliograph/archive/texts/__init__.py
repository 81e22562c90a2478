"""What stands on a disc beside its owner's files: bag, index, custody; words and a program for a stranger."""
