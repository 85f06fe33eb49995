// The list of clients and the page of one: their sheets, and what is saved leaves the page where it was.
(function () {
  "use strict";

  function opened(dialog) {
    if (!dialog.showModal) {
      dialog.setAttribute("open", "");
      return;
    }
    // What the server opened stands in the page; here it is a sheet over it.
    dialog.removeAttribute("open");
    dialog.showModal();
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-sheet]");
    var sheet = button && document.getElementById(button.dataset.sheet);
    if (sheet) {
      event.preventDefault();
      opened(sheet);
      return;
    }
    var open = document.querySelector("dialog[open]:not(#after-call)");
    if (open && (event.target === open || event.target.closest("[data-dismiss]"))) {
      event.preventDefault();
      open.close();
    }
  });

  function openedByServer() {
    document.querySelectorAll("#content dialog[open]").forEach(function (dialog) {
      opened(dialog);
      // A sheet that opens takes the focus to its first button: what has to be mended gets it back.
      var wrong = dialog.querySelector("form [aria-invalid=true], form [role=alert]");
      if (wrong) {
        if (wrong.getAttribute("role") === "alert") {
          wrong.tabIndex = -1;
        }
        wrong.scrollIntoView({block: "center"});
        wrong.focus({preventScroll: true});
      }
    });
  }

  // A refused form comes as the same page, in place of this one, with the sheet open that it was in.
  document.addEventListener("lm:shown", openedByServer);
  document.addEventListener("DOMContentLoaded", function () {
    openedByServer();
    if (window.location.hash === "#bar") {
      var bar = document.querySelector("#bar a");
      if (bar) {
        bar.focus();
      }
    }
  });

  var place = "client-place:" + window.location.pathname;
  document.addEventListener("submit", function (event) {
    if (event.target.method !== "post") {
      return;
    }
    try {
      window.sessionStorage.setItem(place, String(window.scrollY));
    } catch (error) {
      // A browser that keeps nothing begins at the top.
    }
  });
  document.addEventListener("DOMContentLoaded", function () {
    var was = null;
    try {
      was = window.sessionStorage.getItem(place);
      window.sessionStorage.removeItem(place);
    } catch (error) {
      // As above.
    }
    if (was !== null && !document.querySelector("#content form [aria-invalid=true], #content form [role=alert]")) {
      window.scrollTo(0, Number(was));
      document.querySelectorAll("main > .note[role=status]").forEach(function (note) {
        note.classList.add("told");
        window.setTimeout(function () { note.classList.remove("told"); }, 6000);
      });
    }
  });
})();
