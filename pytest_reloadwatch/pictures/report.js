const NAMES = {
  notice: "notice", plan: "plan", rewind: "rewind", "re-execute": "re-execute", collect: "collect", tests: "tests", close: "close",
};
const MEANS = {
  notice: "from the save until it is known what has changed", plan: "which tests, and from which checkpoint",
  rewind: "until the run is alive", "re-execute": "modules are executed", collect: "tests are collected",
  tests: "they run", close: "the tree is looked at again, verdicts become proofs",
};

function colour(step) {
  return `var(--${step.replace("-", "")})`;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length ? (sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2) : null;
}

function what(round) {
  if (round.cause.length) {
    const more = round.cause.length > 2 ? ` and ${round.cause.length - 2} more` : "";
    return round.cause.slice(0, 2).join(", ") + more;
  }
  return { all: "all, as asked", failing: "what failed, as asked", run: "tests that a client asked for" }[round.wish]
    || (round.cold !== null ? "a cold run" : "what was not proven");
}

function figure(value, text) {
  return make("div", { class: "figure" }, make("b", {}, value), make("span", {}, text));
}

function figures(rounds) {
  const saves = rounds.filter((round) => round.cause.length);
  const known = saves.filter((round) => round.saved !== null);
  const firsts = saves.map((round) => round.first).filter((first) => first !== null);
  const cold = [...rounds].reverse().find((round) => round.against !== null);
  const flaky = new Set(rounds.flatMap((round) => Object.keys(round.flaky)));
  return make("div", { class: "figures" },
    figure(String(saves.length), saves.length === 1 ? "save" : "saves"),
    figure(firsts.length ? seconds(median(firsts)) : "–", "from save to first verdict (median)"),
    figure(saves.length ? seconds(median(saves.map((round) => round.seconds))) : "–", "from save to all verdicts (median)"),
    known.length
      ? figure(seconds(known.reduce((sum, round) => sum + round.saved, 0)), `saved against cold runs of ${seconds(cold.against)}, measured`)
      : figure("–", cold || rounds.some((round) => round.cold !== null) ? "saved: no save yet" : "saved: no cold run was seen yet (key a, or --reload-all)"),
    figure(String(flaky.size), flaky.size === 1 ? "flaky test" : "flaky tests"));
}

function bar(round, longest) {
  const parts = data.steps.map((step) => {
    const took = round.split[step];
    return took > 0 ? make("i", { title: `${step}: ${seconds(took)}`, style: `width: ${(100 * took) / longest}%; background: ${colour(step)}` }) : null;
  });
  const text = data.steps.filter((step) => round.split[step] >= 0.0005).map((step) => `${step} ${seconds(round.split[step])}`).join(", ");
  return make("div", { class: "bar", role: "img", "aria-label": text }, ...parts);
}

function row(round, longest) {
  const bad = round.exit_code !== 0;
  return make("div", { class: "round" },
    make("span", { class: "quiet" }, round.clock),
    make("span", { class: "what", title: round.cause.join("\n") },
      make("span", { class: bad ? "outcome-bad" : "outcome-good" }, bad ? "✗ " : "✓ "), what(round)),
    bar(round, longest),
    make("span", { class: "number" }, seconds(round.seconds)),
    make("span", { class: "number saved quiet" }, round.saved === null ? "" : round.saved >= 0 ? `${seconds(round.saved)} saved` : `${seconds(-round.saved)} lost`),
    make("details", {}, make("summary", {}, summary(round)), details(round)));
}

function summary(round) {
  if (!round.runs) return "nothing had to run";
  return `${round.tests} of ${count(round.known, "test")}, ${count(round.modules, "module")} re-executed, ${round.warm} stayed warm`
    + (round.first !== null ? `, first verdict after ${seconds(round.first)}` : "");
}

function details(round) {
  const times = data.steps.map((step) => `${step} ${seconds(round.split[step])}`).join(", ");
  const names = round.reexecuted.join(", ") + (round.modules > round.reexecuted.length ? ", …" : "");
  return make("div", {}, make("p", { class: "quiet" }, times),
    round.cause.length > 2 ? make("p", { class: "mono" }, round.cause.join(", ")) : null,
    names ? make("p", { class: "mono" }, `re-executed: ${names}`) : null,
    make("p", { class: "quiet" }, round.settled ? `${round.failing} failing afterwards` : "not all was proven afterwards"));
}

function flakyTable(rounds) {
  const found = rounds.flatMap((round) => Object.entries(round.flaky).map(([nodeid, [before, then]]) => [round.clock, nodeid, before, then]));
  if (!found.length) return make("p", { class: "quiet" }, "None: no test had two verdicts for the same files.");
  return make("table", {}, make("thead", {}, make("tr", {}, ...["at", "test", "verdict before", "then"].map((name) => make("th", {}, name)))),
    make("tbody", {}, ...found.map(([clock, nodeid, before, then]) => make("tr", {}, make("td", {}, clock),
      make("td", { class: "mono" }, nodeid), make("td", {}, before), make("td", {}, then)))));
}

function show(index) {
  const { rounds } = data.sessions[index];
  const longest = Math.max(0.001, ...rounds.map((round) => round.seconds));
  const picker = make("select", { "aria-label": "Session", id: "session", onchange: (event) => show(Number(event.target.value)) },
    ...data.sessions.map((session, at) => make("option", { value: at, selected: at === index ? "" : null },
      `${session.began}: ${count(session.rounds.length, "round")}`)).reverse());
  byId("report").replaceChildren(
    make("header", {}, make("h1", {}, data.project), make("span", { class: "quiet" }, `a session's life, drawn ${data.made}`), picker),
    figures(rounds),
    make("h2", {}, "Saves, the last one first"),
    make("div", { class: "key" }, ...data.steps.map((step) => make("span", { title: MEANS[step] },
      make("i", { class: "swatch", style: `background: ${colour(step)}` }), NAMES[step]))),
    make("div", { class: "rounds" }, ...[...rounds].reverse().map((round) => row(round, longest))),
    make("h2", {}, "Flaky verdicts"),
    make("p", { class: "quiet" }, "Tests with another verdict for the very same files than before."),
    flakyTable(rounds));
}

if (data.sessions.length) show(data.sessions.length - 1);
else byId("report").append(make("div", { class: "empty" }, make("h1", {}, "No save is on record yet"),
  make("p", {}, "Start pytest --reload-watch, save a file, and draw this again.")));
