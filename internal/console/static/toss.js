// Opens the window of Toss Payments with what the page was told. Its own script is loaded by the page.
(function () {
  "use strict";
  var fields = JSON.parse(document.getElementById("window-fields").textContent);
  function failed() { document.getElementById("window-failed").hidden = false; }
  function open() {
    if (!window.TossPayments) { failed(); return; }
    var ask = { method: fields.method, successUrl: fields.successUrl, failUrl: fields.failUrl };
    ["orderId", "orderName", "customerName", "customerEmail"].forEach(function (name) { if (fields[name]) ask[name] = fields[name]; });
    if (fields.call === "requestPayment") ask.amount = { currency: "KRW", value: Number(fields.amount) };
    try {
      window.TossPayments(fields.clientKey).payment({ customerKey: fields.customerKey })[fields.call](ask).catch(failed);
    } catch (error) { failed(); }
  }
  document.getElementById("window-open").addEventListener("click", open);
  open();
})();
