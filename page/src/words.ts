// What the page says, in English and in Chinese.

export type Lang = "en" | "zh";

const WORDS: Record<string, [string, string]> = {
  // the frame
  search: ["Search vehicle, machine, lot, cell …", "搜索 AGV、设备、批次、电池片 …"],
  nothing_found: ["nothing found", "未找到"],
  other_language: ["中文", "English"],
  theme: ["Light or dark", "明暗切换"],
  help: ["Keys", "快捷键"],
  close: ["Close", "关闭"],
  workshop: ["Workshop", "车间"],
  loading: ["Reading …", "读取中 …"],
  gone: ["The server does not answer any more. Start `heliograph replay` again.", "服务器不再应答，请重新运行 heliograph replay。"],
  partial: ["The run was stopped early: the record is partial.", "本次运行提前停止：记录不完整。"],
  lost: ["Cannot be read, and left out: {}", "无法读取，未显示：{}"],
  // time
  play: ["Play (space)", "播放（空格）"],
  pause: ["Pause (space)", "暂停（空格）"],
  back: ["10 s back (←)", "后退 10 秒（←）"],
  ahead: ["10 s ahead (→)", "前进 10 秒（→）"],
  speed: ["Speed", "速度"],
  jump: ["Jump to a time, e.g. 06:30", "跳转到时间，例如 06:30"],
  bad_time: ["a time like 06:30 or 06:30:15, within the record", "请输入记录范围内的时间，如 06:30 或 06:30:15"],
  timeline: ["Time line", "时间轴"],
  fit: ["Whole floor (0)", "整个车间（0）"],
  zoom_in: ["Zoom in (+)", "放大（+）"],
  zoom_out: ["Zoom out (−)", "缩小（−）"],
  follow: ["Follow (f)", "跟随（f）"],
  floor: ["Floor of the workshop", "车间平面图"],
  // figures
  output: ["Output", "产出"],
  cells_so_far: ["cells so far", "累计电池片"],
  cells_per_h: ["cells/h", "片/小时"],
  target: ["target", "目标"],
  output_line: ["Cells per hour; dashed: what the stated capacity needs", "每小时电池片；虚线为达到公布产能所需"],
  wip: ["lots in process", "在制批次"],
  moves_per_h: ["moves/h", "次搬运/小时"],
  vehicles: ["Vehicles", "AGV"],
  machines: ["Machines", "设备"],
  carriers: ["Carriers", "料架"],
  alarms: ["Alarms", "报警"],
  no_alarms: ["none in this record", "记录中无报警"],
  before_now: ["up to now", "截至当前"],
  // what vehicles do
  driving_loaded: ["driving loaded", "载货行驶"],
  driving_empty: ["driving empty", "空驶"],
  hand_off: ["hand-off", "交接"],
  waiting: ["waiting", "等待"],
  charging: ["at a charger", "在充电位"],
  idle: ["idle", "空闲"],
  stall: ["stalled", "短停"],
  breakdown: ["broken down", "故障"],
  off_floor: ["off the floor", "已拖离"],
  // states of machines
  productive: ["productive", "生产"],
  starved: ["starved", "缺料"],
  blocked: ["blocked", "堵料"],
  standby: ["standby", "待机"],
  engineering: ["engineering", "工程"],
  scheduled_downtime: ["scheduled down", "计划停机"],
  unscheduled_downtime: ["unscheduled down", "非计划停机"],
  non_scheduled: ["non-scheduled", "非排产"],
  unknown: ["not recorded", "无记录"],
  // carriers
  full: ["with a lot", "载有批次"],
  empty: ["empty", "空"],
  on_vehicles: ["on vehicles", "在 AGV 上"],
  place_unknown: ["place not recorded", "位置无记录"],
  charger: ["charging place", "充电位"],
  parking: ["parking place", "停车位"],
  // kinds
  vehicle: ["Vehicle", "AGV"],
  machine: ["Machine", "设备"],
  stocker: ["Stocker", "料库"],
  carrier: ["Carrier", "料架"],
  lot: ["Lot", "批次"],
  cell: ["Cell", "电池片"],
  // details
  does: ["Now", "当前"],
  why: ["Why it waits", "等待原因"],
  carries: ["Carries", "载货"],
  nothing: ["nothing", "无"],
  from: ["from", "从"],
  to: ["to", "至"],
  move: ["Move", "搬运"],
  wanted: ["wanted", "请求"],
  assigned: ["assigned", "派车"],
  taken: ["taken", "取料"],
  placed: ["placed", "放料"],
  moves: ["Moves", "搬运"],
  day_use: ["The whole record", "整个记录"],
  hours: ["h", "小时"],
  since: ["since", "自"],
  until: ["until", "至"],
  for_: ["for {}", "已 {}"],
  state: ["State", "状态"],
  history: ["States over the record", "记录期内的状态"],
  inside: ["In it now", "正在加工"],
  on_ports: ["On its ports", "装卸口上"],
  coming: ["On the way to it", "正在送来"],
  recent: ["Came out last", "最近完成"],
  none: ["none", "无"],
  line: ["Line", "产线"],
  step: ["Step", "工序"],
  unit: ["unit {}", "{} 单元"],
  units: ["{} units", "{} 个单元"],
  position: ["positions {}–{}", "位置 {}–{}"],
  released: ["Released", "投料"],
  finished: ["Finished", "完成"],
  in_process: ["in process", "在制"],
  wafers: ["Wafers", "硅片"],
  lost_wafers: ["{} of them lost", "其中损失 {}"],
  where: ["Where", "位置"],
  next: ["Next", "下一步"],
  way: ["Its way", "加工路径"],
  late: ["waited too long", "等待超限"],
  waited: ["waited {}", "等待 {}"],
  in_machine: ["in {}", "在 {} 中"],
  not_released: ["not yet released", "尚未投料"],
  stored: ["in the cell store", "已入库"],
  between: ["between two steps", "两道工序之间"],
  at: ["at {}", "在 {}"],
  on: ["on {}", "在 {} 上"],
  made: ["Left the last machine", "离开末台设备"],
  basket: ["Basket, slot", "花篮、槽位"],
  test: ["Test", "测试"],
  grade: ["Grade", "等级"],
  energy: ["Electricity", "用电"],
  shared: ["in one batch with", "同炉："],
  // links of the chain
  link_drives: ["is driving to {}", "正驶向 {}"],
  link_waits: ["waits for {}", "等待 {}"],
  link_waits_way: ["waits for its way", "等待放行"],
  link_serves: ["hands over at {}", "在 {} 交接"],
  link_stands: ["stands at {} without an order", "停在 {}，无任务"],
  link_charges: ["charges at {}", "在 {} 充电"],
  link_stall: ["has stalled at {}", "在 {} 短停"],
  link_breakdown: ["has broken down at {}", "在 {} 故障"],
  link_off_floor: ["is off the floor", "已拖离车间"],
  // alarms
  alarm_repair: ["repair", "维修"],
  alarm_late: ["waited too long before {}", "在 {} 前等待超限"],
  alarm_breakdown: ["broke down", "发生故障"],
  // figures' page
  figures: ["Figures", "图表"],
  back_to_floor: ["Floor", "车间"],
  csv_hint: ["Save this chart's data", "保存此图数据"],
  bottleneck: ["Bottleneck", "瓶颈"],
  bottleneck_told: ["occupied {} % of the time, starves {} %, blocked {} %", "{} % 的时间被占用；缺料 {} %，堵料 {} %"],
  chart_output: ["Output per hour", "每小时产出"],
  chart_output_text: ["Cells by line; dashed: a line's share of what the stated capacity needs", "各产线电池片；虚线为公布产能所需的每线份额"],
  chart_lanes: ["Takt per lane", "各道节拍"],
  chart_lanes_text: ["Seconds per cell: over the whole record (bars), in its best step of time (diamonds)", "每片秒数：柱为整个记录，菱形为最好的时段"],
  chart_fleet: ["What vehicles do", "AGV 状态"],
  chart_fleet_text: ["Mean number of vehicles in each part of a move; waiting counts with the way it is on", "处于搬运各环节的平均车数；等待计入所在行程"],
  chart_wip: ["Work in process", "在制品"],
  chart_wip_text: ["Lots between the wafer store and the cell store", "硅片库与电池片库之间的批次"],
  chart_oee: ["OEE by step, and its losses", "各工序 OEE 及损失"],
  chart_oee_text: ["ISO 22400-2: availability × effectiveness × quality ratio", "ISO 22400-2：可用率 × 性能率 × 质量率"],
  chart_energy: ["Electricity per hour", "每小时用电"],
  chart_energy_text: ["By part of the workshop, and per cell that left it in the hour; carbon: location based", "按车间各部分及每片电池；碳排放基于位置"],
  chart_stops: ["Pareto of stops", "停机帕累托图"],
  chart_stops_text: ["Machine hours by reason, and their running share", "按原因统计的停机小时及累计占比"],
  chart_units: ["Efficiency by tube, bath and lane", "按炉管、槽、道的效率"],
  chart_units_text: ["Mean of the cells that went through; 0.08 % or more below the mean of all in red", "经过该单元的电池片平均值；低于总平均 0.08 % 以上为红"],
  chart_gantt: ["Machines over time", "设备甘特图"],
  chart_gantt_text: ["SEMI E10 states; click a bar to go there", "SEMI E10 状态；点击可跳转"],
  s_per_cell: ["s per cell", "秒/片"],
  lane_mean: ["whole record", "整个记录"],
  lane_best: ["best step of time", "最好时段"],
  vehicles_unit: ["vehicles", "台"],
  lots_unit: ["lots", "批"],
  cells_unit: ["cells", "片"],
  kwh_per_cell: ["kWh per cell", "kWh/片"],
  part_machine: ["machines", "设备"],
  part_facility: ["facility", "厂务"],
  part_vehicles: ["vehicles", "AGV"],
  availability: ["availability", "可用率"],
  effectiveness: ["effectiveness", "性能率"],
  quality: ["quality ratio", "质量率"],
  oee: ["OEE", "OEE"],
  doing_to_target: ["to the target, loaded", "载货途中"],
  doing_to_source: ["to the source, empty", "空驶途中"],
  doing_taking: ["taking", "取料"],
  doing_placing: ["placing", "放料"],
  doing_none: ["no move", "无任务"],
  // trace page
  trace: ["Trace", "追溯"],
  trace_hint: ["Its genealogy, and who shared its tubes", "谱系及同炉电池片"],
  trace_genealogy: ["Genealogy", "谱系"],
  trace_machine: ["What was in it", "通过的批次"],
  on_floor: ["On the floor", "车间中查看"],
  wafer_store: ["Wafer store", "硅片库"],
  wafers_unit: ["wafers", "片"],
  brought_by: ["brought by", "送达："],
  no_vehicle: ["no vehicle yet", "尚未派车"],
  allowed: ["of {} allowed", "（上限 {}）"],
  who_shared: ["Who shared it (↑ ↓)", "同炉明细（↑ ↓）"],
  unit_tube: ["tube {}", "管 {}"],
  unit_bench: ["bath {}", "槽 {}"],
  unit_lane: ["lane {}", "道 {}"],
  unit_source: ["unit {}", "单元 {}"],
  unit_sink: ["unit {}", "单元 {}"],
  which_unit: ["Tube, bath or lane", "管、槽或道"],
  all_units: ["all units", "所有单元"],
  batch: ["batch", "炉批"],
  batches_count: ["{} batches", "{} 炉"],
  chart_together: ["All that shared it", "同炉电池片"],
  chart_together_text: ["Efficiency of the cells of this batch (bars) and of all that went through the step (line); 0.08 % or more below in red", "本炉电池片（柱）与该工序全部电池片（线）的效率；低 0.08 % 及以上为红色"],
  cells_of_lots: ["{} cells of {} lots", "{} 片，来自 {} 批"],
  against_all: ["against {} % of all {}", "全部 {} %（{} 片）"],
  no_cells_yet: ["none of its wafers has become a cell within the record", "记录期内尚无电池片产出"],
  flawed: ["{} with EL flaws", "EL 缺陷 {}"],
  efficiency: ["efficiency", "效率"],
  share_of_cells: ["% of cells", "电池片占比 %"],
  this_batch: ["this batch", "本炉"],
  all_batches: ["all", "全部"],
  not_in_record: ["not in this record", "不在本记录中"],
  more_in_csv: ["and {} more, in the CSV", "另有 {} 片，见 CSV"],
  shared_kwh: ["{} of it shared", "其中分摊 {}"],
  disc: ["Disc", "光盘"],
  no_disc: ["Which disc it is on is not known: it was not read from discs, and none of this record lie beside it.", "所在光盘未知：并非从光盘读取，且旁边没有本记录的光盘。"],
  key_trace: ["trace of the selection (with shift in the search: of what is found)", "追溯所选对象（搜索时加 Shift：追溯结果）"],
  heat: ["Congestion (h)", "拥堵热图（h）"],
  heat_hour: ["Waiting vehicles, {} to {}", "等待的 AGV，{} 至 {}"],
  heat_most: ["most: {} of the time", "最多：{} 的时间"],
  key_heat: ["congestion of the last hour", "最近一小时的拥堵"],
  key_charts: ["figures", "图表"],
  // keys
  key_space: ["play, pause", "播放、暂停"],
  key_arrows: ["10 s back, ahead (with shift: 10 min)", "后退、前进 10 秒（Shift：10 分钟）"],
  key_speed: ["slower, faster", "减速、加速"],
  key_zoom: ["zoom", "缩放"],
  key_fit: ["the whole floor", "整个车间"],
  key_follow: ["follow the selection", "跟随所选对象"],
  key_search: ["search", "搜索"],
  key_escape: ["back to the workshop", "返回车间概览"],
  key_mouse: ["wheel: zoom; drag: move; click: details", "滚轮缩放，拖动平移，点击查看详情"],
};

const REASONS: Record<string, string> = {
  processing: "加工中",
  starved: "缺料",
  blocked: "堵料",
  collecting: "集批",
  repair: "维修",
};

let current: Lang = "en";

export function speak(lang: Lang): void {
  current = lang;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
}

export function language(): Lang {
  return current;
}

export function said(key: string, ...values: (string | number)[]): string {
  const both = WORDS[key];
  let text = both ? both[current === "zh" ? 1 : 0] : key;
  for (const value of values) text = text.replace("{}", String(value));
  return text;
}

/** A reason of the record, which is the plant's own text: known ones are translated. */
export function reasonSaid(reason: string): string {
  return current === "zh" ? (REASONS[reason] ?? reason) : reason;
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function duration(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h) return `${h} h ${String(m).padStart(2, "0")} min`;
  return m ? `${m} min ${String(s).padStart(2, "0")} s` : `${s} s`;
}

/** A value that is never parted from its unit. */
export function measured(value: number, digits: number, unit: string): string {
  return `${number(value, digits)}\u00a0${unit}`;
}
