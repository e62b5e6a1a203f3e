/*
 * The page of {{name}}: switches the lamp by `device.gpio.set` and draws what comes on `sensor.*`. It is yours to change; a changed
 * file is there with the next reload. Everything it loads lies in this folder, and nothing else may be loaded.
 */
import { pageClient } from "./vendor/pinion.js";
import uPlot from "./vendor/uplot.js";

const KEPT = 600; // points of a chart
const SENSOR = "sensor.";
/** What the router says to those whom it does not let in. */
const REFUSED = /^wamp\.error\.(authentication_|no_matching_auth_method|not_authorized)/;

const at = (id) => document.getElementById(id);
const charts = new Map();
let client;

/** Without credentials: by the cookie of an earlier login. */
function connect(credentials) {
  const mine = pageClient(credentials === undefined ? {} : { credentials });
  client = mine;
  mine.onState(({ state, cause, error }) => {
    if (client !== mine) return;
    at("status").textContent =
      state === "ready" ? `Connected as ${mine.session.details.authid}` : (cause ?? "Connecting");
    if (state === "ready") show("house");
    if (state === "waiting" && REFUSED.test(error?.uri ?? "")) {
      void mine.close();
      client = undefined;
      at("status").textContent = credentials === undefined ? "Log in" : "The name or the secret is wrong";
      show("login");
    }
  });
  // what is asked for here is asked for again after each reconnect
  mine.subscribe(SENSOR, received, { match: "prefix" }).catch(() => {});
  mine.open();
}

function show(what) {
  for (const id of ["login", "house"]) at(id).hidden = id !== what;
  at("leave").hidden = what === "login";
}

function received({ topic, args: [value], kwargs }) {
  const name = topic.slice(SENSOR.length);
  if (name === "lamp") setLamp(value);
  else if (name === "contact") at("contact").textContent = value ? "closed" : "open";
  else if (typeof value === "number") draw(name, value, kwargs);
}

function setLamp(value) {
  const isOn = value === 1 || value === true;
  at("lamp").setAttribute("aria-pressed", String(isOn));
  at("lamp").textContent = isOn ? "Lamp: on" : "Lamp: off";
}

async function switchLamp() {
  const wanted = at("lamp").getAttribute("aria-pressed") === "true" ? 0 : 1;
  at("trouble").textContent = "";
  try {
    const { args } = await client.call("device.gpio.set", ["lamp", wanted], {}, { timeout: 5000 });
    setLamp(args[0].readBack);
  } catch (error) {
    at("trouble").textContent = `The lamp was not switched: ${error.message}`;
  }
}

function draw(name, value, { t, unit = "" }) {
  const chart = charts.get(name) ?? newChart(name, unit);
  chart.times.push((t ?? Date.now()) / 1000);
  chart.values.push(value);
  if (chart.times.length > KEPT) {
    chart.times.shift();
    chart.values.shift();
  }
  chart.now.textContent = `${String(value)} ${unit}`;
  chart.plot.setData([chart.times, chart.values]);
}

function newChart(name, unit) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const now = document.createElement("output");
  caption.append(`${name.replaceAll("_", " ")} `, now);
  figure.append(caption);
  figure.dataset.sensor = name;
  at("charts").append(figure);
  const axis = { stroke: "gray", grid: { stroke: "#8883" }, ticks: { show: false } };
  const series = [{}, { label: unit, stroke: "#0b8a6b", width: 2 }];
  const width = () => Math.max(200, figure.clientWidth);
  const plot = new uPlot(
    { width: width(), height: 160, legend: { show: false }, series, axes: [axis, axis] },
    [[], []],
    figure,
  );
  new ResizeObserver(() => plot.setSize({ width: width(), height: 160 })).observe(figure);
  const chart = { plot, now, times: [], values: [] };
  charts.set(name, chart);
  return chart;
}

at("lamp").addEventListener("click", () => void switchLamp());
at("leave").addEventListener("click", () => void client?.close("wamp.close.logout").finally(() => location.reload()));
at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  connect({ authid: at("name").value, secret: at("secret").value });
  at("secret").value = "";
});
connect();
