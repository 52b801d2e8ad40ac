// What pages do besides being read. Everything here makes a page that works without it nicer.
(function () {
  "use strict";
  var doc = document;

  // The menu of small screens.
  doc.addEventListener("click", function (event) {
    var button = event.target.closest("[data-menu]");
    if (button) {
      var open = doc.getElementById("menu").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    }
  });

  // One drop-down is open at a time, and none when the page is used elsewhere.
  function closeDrops(but) {
    doc.querySelectorAll("details.drop[open]").forEach(function (d) { if (d !== but) d.removeAttribute("open"); });
  }
  doc.addEventListener("click", function (event) { closeDrops(event.target.closest("details.drop")); });
  doc.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var open = doc.querySelector("details.drop[open]");
    if (open) { closeDrops(null); open.querySelector("summary").focus(); }
  });

  // Questions before an act: a button names its dialog, which has the form.
  doc.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-dialog]");
    if (opener) {
      var dialog = doc.getElementById(opener.dataset.dialog);
      if (dialog) { event.preventDefault(); dialog.close(); dialog.showModal(); }
    }
    if (event.target.closest("[data-close]")) { event.preventDefault(); event.target.closest("dialog").close(); }
    var copy = event.target.closest("[data-copy]");
    if (copy) {
      var copied = function () {
        copy.classList.add("copied");
        var said = copy.querySelector("[data-said]");
        if (said) said.textContent = said.dataset.said;
      };
      if (navigator.clipboard) navigator.clipboard.writeText(copy.dataset.copy).then(copied);
      else { // a page that came without TLS: what is to be copied is at least marked
        var range = doc.createRange(), from = doc.getElementById(copy.dataset.from);
        if (from) { range.selectNodeContents(from); getSelection().removeAllRanges(); getSelection().addRange(range); if (doc.execCommand("copy")) copied(); }
      }
    }
  });

  // What looks like a button is one for the keyboard too.
  doc.addEventListener("keydown", function (event) {
    if (event.key === " " && event.target.matches("a[role=button]")) { event.preventDefault(); event.target.click(); }
  });

  // A form that is under way is not sent again by the same press.
  doc.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === "post") form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", function () {
    doc.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  // A choice that is a form by itself.
  doc.addEventListener("change", function (event) {
    if (event.target.closest("[data-submits]")) event.target.form.requestSubmit();
  });

  // Pieces that the server renews as things happen. Each event's name is the piece's id.
  function listen(root) {
    root.querySelectorAll("[data-live]").forEach(function (place) {
      if (place.liveSource) return;
      var source = place.liveSource = new EventSource(place.dataset.live);
      source.onmessage = function (event) {
        var holder = doc.createElement("template");
        holder.innerHTML = event.data;
        Array.from(holder.content.children).forEach(function (piece) {
          var now = piece.id && doc.getElementById(piece.id);
          if (now && now.querySelector("dialog[open]")) return; // somebody is being asked
          if (now && now.outerHTML !== piece.outerHTML) now.replaceWith(piece);
        });
        if (window.htmx) window.htmx.process(place);
      };
      source.addEventListener("end", function () { source.close(); place.dataset.ended = "yes"; });
      window.addEventListener("pagehide", function () { source.close(); });
    });
  }

  // Charts: a table of figures is drawn, and stays for who cannot see the drawing.
  function chart(place) {
    var data = JSON.parse(place.querySelector("script").textContent);
    var style = getComputedStyle(doc.body), ink = style.color;
    var colors = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"].map(function (c) { return style.getPropertyValue(c).trim(); });
    var grid = style.getPropertyValue("--chart-grid").trim();
    var font = "12px " + style.fontFamily;
    var days = new Intl.DateTimeFormat(doc.documentElement.lang, { month: "numeric", day: "numeric", timeZone: "Asia/Seoul" });
    var whole = new Intl.DateTimeFormat(doc.documentElement.lang, { dateStyle: "medium", timeZone: "Asia/Seoul" });
    var numbers = new Intl.NumberFormat(doc.documentElement.lang);
    var bars = uPlot.paths.bars({ size: [0.6, 40], radius: 0.15 });
    var axis = { stroke: ink, font: font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    var plot = new uPlot({
      width: place.clientWidth, height: 240, tzDate: function (ts) { return uPlot.tzDate(new Date(ts * 1000), "Asia/Seoul"); },
      legend: { live: true }, cursor: { drag: { x: false, y: false } },
      scales: { x: { range: function (u, min, max) { return [min - 43200, max + 43200]; } }, y: { range: function (u, min, max) { return [0, Math.max(1, max * 1.1)]; } } },
      axes: [Object.assign({ values: function (u, all) { return all.map(function (ts) { return days.format(new Date(ts * 1000)); }); }, space: 60, incrs: [86400, 2 * 86400, 7 * 86400, 14 * 86400, 30 * 86400] }, axis),
        Object.assign({ values: function (u, all) { return all.map(function (v) { return numbers.format(v); }); }, size: 64 }, axis)],
      series: [{ label: data.day, value: function (u, v) { return v == null ? "–" : whole.format(new Date(v * 1000)); } }].concat(data.series.map(function (one, i) {
        return { label: one.label, stroke: colors[i % 4], fill: one.bars ? colors[i % 4] + "99" : undefined, width: one.bars ? 0 : 2, paths: one.bars ? bars : undefined,
          points: { show: false }, value: function (u, v) { return v == null ? "–" : numbers.format(v); } };
      }))
    }, [data.days].concat(data.series.map(function (one) { return one.values; })), place.querySelector(".chart-area"));
    new ResizeObserver(function () { plot.setSize({ width: place.clientWidth, height: 240 }); }).observe(place);
  }

  listen(doc);
  // Later scripts of the page are there by then.
  doc.addEventListener("DOMContentLoaded", function () {
    if (window.uPlot) doc.querySelectorAll(".chart").forEach(chart);
  });
  doc.addEventListener("htmx:load", function (event) { listen(event.target); });
})();
