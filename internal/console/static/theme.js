// Runs before the page is drawn, so that a dark room sees no white flash.
(function () {
  var root = document.documentElement;
  if (root.dataset.theme !== "auto") return;
  var dark = matchMedia("(prefers-color-scheme: dark)");
  function set() { root.dataset.bsTheme = dark.matches ? "dark" : "light"; }
  set();
  dark.addEventListener("change", set);
})();
