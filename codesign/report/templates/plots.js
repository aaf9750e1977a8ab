(function () {
  "use strict";
  var tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.appendChild(tip);
  function show(mark) {
    var box = mark.getBoundingClientRect();
    tip.textContent = mark.getAttribute("data-tip");
    tip.hidden = false;
    var left = Math.min(box.left + box.width / 2, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(left, 8) + window.scrollX + "px";
    tip.style.top = box.top + window.scrollY - tip.offsetHeight - 8 + "px";
  }
  function mark(event) { return event.target.closest ? event.target.closest("[data-tip]") : null; }
  ["pointerover", "focusin", "click"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      if (mark(event)) { show(mark(event)); } else if (kind !== "focusin") { tip.hidden = true; }
    });
  });
}());
