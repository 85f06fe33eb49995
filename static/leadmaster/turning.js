// From one conversation to the next: a swipe on a phone, J and K on a keyboard. Both press the links that are there.
(function () {
  "use strict";

  var FAR = 80, STRAIGHT = 2;
  var begun = null;

  function turn(way) {
    var link = document.querySelector("a[rel=" + way + "]");
    if (link) {
      link.click();
    }
  }

  // What scrolls sideways itself, and what is written in, keeps its own gestures.
  function own(target) {
    return target.closest(".chips, .scroll, textarea, input, dialog");
  }

  document.addEventListener("touchstart", function (event) {
    var touch = event.touches[0];
    begun = event.touches.length === 1 && !own(event.target) ? {x: touch.clientX, y: touch.clientY} : null;
  }, {passive: true});

  document.addEventListener("touchend", function (event) {
    if (!begun) {
      return;
    }
    var touch = event.changedTouches[0];
    var across = touch.clientX - begun.x, down = Math.abs(touch.clientY - begun.y);
    begun = null;
    if (Math.abs(across) > FAR && Math.abs(across) > STRAIGHT * down && !window.getSelection().toString()) {
      turn(across < 0 ? "next" : "prev");
    }
  }, {passive: true});

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, input, select, dialog")) {
      return;
    }
    if (event.key === "j" || event.key === "J") {
      turn("next");
    } else if (event.key === "k" || event.key === "K") {
      turn("prev");
    }
  });
})();
