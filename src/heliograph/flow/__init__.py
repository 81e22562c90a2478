"""Lots and carriers through the steps: what to release, and what to move next; decides, and touches nothing."""
