// Draws the dashboard's charts, and asks for new numbers every few seconds while it is looked at.
"use strict";

(() => {
  const dashboard = document.getElementById("dashboard");
  const COLOURS = {
    delivered: "#22a55b", sent: "#3b82f6", received: "#8b5cf6", sending: "#a3b3c9",
    queued: "#cbd5e1", undelivered: "#f59e0b", failed: "#dc2626",
  };
  const LINES = ["#3b82f6", "#22a55b", "#f59e0b", "#8b5cf6", "#dc2626", "#0891b2"];
  const UNITS = [[86400000, "d"], [3600000, "h"], [60000, "min"], [1000, "s"], [1, "ms"]];
  const TICKS = [1, 10, 100, 1000, 10000, 60000, 600000, 3600000, 36000000, 86400000];
  const charts = {};

  const duration = (ms) => {
    const [size, unit] = UNITS.find(([size]) => ms >= size) || [1, "ms"];
    return `${Number((ms / size).toFixed(ms / size < 10 && size > 1 ? 1 : 0))} ${unit}`;
  };

  // A link that takes minutes must not press those that take milliseconds to the ground.
  const DURATIONS = {
    type: "logarithmic", beginAtZero: false, ticks: { callback: duration },
    afterDataLimits: (axis) => { // ends at ticks, or the last would be cut off
      axis.min = TICKS.findLast((tick) => tick <= axis.min) || TICKS[0];
      axis.max = TICKS.find((tick) => tick >= axis.max) || TICKS[TICKS.length - 1];
    },
    afterBuildTicks: (axis) => {
      const within = TICKS.filter((tick) => tick >= axis.min && tick <= axis.max);
      axis.ticks = within.map((value) => ({ value }));
    },
  };

  const two = (number) => String(number).padStart(2, "0");
  const day = (at) => `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const time = (at) => `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;

  const read = () => {
    const json = document.getElementById("dashboard-charts");
    return json && JSON.parse(json.textContent);
  };

  const label = (data, at) => (data.span_s < 3600 ? time(at) : `${day(at).slice(5)} ${time(at)}`);

  const openSpan = (data, index) => {
    const since = new Date(data.starts[index]);
    const until = new Date(since.getTime() + data.span_s * 1000); // which the list leaves out
    const span = { since_day: day(since), since_time: time(since), until_day: day(until),
      until_time: time(until) };
    location.href = `${data.list_url}?${new URLSearchParams(span)}`;
  };

  const options = (data, y, tooltip, extra) => {
    const css = getComputedStyle(dashboard);
    const quiet = css.getPropertyValue("--quiet"), line = css.getPropertyValue("--line");
    const x = { grid: { display: false }, border: { color: line },
      ticks: { color: quiet, maxRotation: 0, autoSkipPadding: 24 } };
    return {
      animation: false, responsive: true, maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { ...x, ...extra },
        y: { beginAtZero: true, border: { display: false }, grid: { color: line },
          ...extra, ...y,
          ticks: { color: quiet, maxTicksLimit: 5, precision: 0, ...y.ticks } },
      },
      plugins: {
        legend: { position: "bottom", align: "start",
          labels: { color: quiet, boxWidth: 10, boxHeight: 10, usePointStyle: true } },
        tooltip: { filter: (item) => item.raw, itemSort: (a, b) => b.raw - a.raw, ...tooltip },
      },
    };
  };

  const bars = (data) => ({
    type: "bar",
    data: {
      labels: data.starts.map((start) => label(data, new Date(start))),
      datasets: data.statuses.map(({ name, counts }) => ({
        label: name, data: counts, backgroundColor: COLOURS[name], categoryPercentage: 0.9,
        barPercentage: 1, pointStyle: "circle",
      })),
    },
    options: {
      ...options(data, {}, {}, { stacked: true }),
      onClick: (event, elements) => elements.length && openSpan(data, elements[0].index),
      onHover: (event, elements) => {
        event.native.target.style.cursor = elements.length ? "pointer" : "default";
      },
    },
  });

  const lines = (data, step) => ({
    type: "line",
    data: {
      labels: data.starts.map((start) => label(data, new Date(start))),
      datasets: data[step].map(({ name, values }, n) => ({
        label: name, data: values, borderColor: LINES[n], backgroundColor: LINES[n],
        borderWidth: 2, pointRadius: 0, pointHitRadius: 8, spanGaps: true, tension: 0,
        pointStyle: "line",
      })),
    },
    options: options(data, DURATIONS,
      { callbacks: { label: (item) => ` ${item.dataset.label}: ${duration(item.raw)}` } }, {}),
  });

  const show = (name, chart) => {
    const place = dashboard.querySelector(`[data-chart=${name}]`);
    const isEmpty = !chart.data.datasets.some((set) => set.data.some(Boolean));
    place.querySelector("canvas").hidden = isEmpty;
    place.querySelector(".dash-nothing").hidden = !isEmpty;
    if (charts[name]) {
      Object.assign(charts[name].data, chart.data);
      charts[name].options = chart.options;
      charts[name].update("none");
    } else {
      charts[name] = new Chart(place.querySelector("canvas"), chart);
    }
  };

  const draw = () => {
    const data = read();
    if (!data) return;
    const spans = { 60: "a minute", 600: "in ten minutes", 3600: "an hour" };
    dashboard.querySelector("[data-of-span]").textContent = spans[data.span_s];
    show("statuses", bars(data));
    show("sent", lines(data, "sent"));
    show("delivered", lines(data, "delivered"));
  };

  const refresh = async () => {
    const answer = await fetch(dashboard.dataset.url, { cache: "no-store", redirect: "manual" });
    if (answer.type === "opaqueredirect") return location.reload(); // to the log-in
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const old = dashboard.querySelector(`[data-part=${part.dataset.part}]`);
      if (old && !old.contains(document.activeElement)) old.replaceWith(part);
    }
    draw();
  };

  const stale = () => {
    const told = dashboard.querySelector("[data-part=updated]");
    if (!told) return;
    told.classList.add("stale");
    told.children[1].textContent = told.dataset.stale;
  };

  const turn = () => {
    if (!document.hidden) refresh().catch(stale);
  };

  draw();
  setInterval(turn, 1000 * Number(dashboard.dataset.refreshS));
  document.addEventListener("visibilitychange", turn);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["class"] });
})();
