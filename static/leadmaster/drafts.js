// What is being written stays on this device, by person and form, until it was sent. It goes with the log-out.
(function () {
  "use strict";

  var lm = window.lm;
  var WRITTEN = "textarea, input[type=text], input[type=tel], input[type=email], input:not([type])";

  // Forms with something to write in; never those of passwords, of the address bar, or of the log-in.
  function keeps(form) {
    return form && form.method === "post" && form.closest("main, dialog") && !form.hasAttribute("data-logout")
      && form.id !== "login-again-form" && !form.querySelector("[type=password], [type=file]") && form.querySelector(WRITTEN);
  }

  function nameOf(form) {
    return "draft:" + new URL(form.getAttribute("action") || window.location.pathname, window.location.href).pathname;
  }

  function fields(form) {
    return Array.prototype.filter.call(form.querySelectorAll(WRITTEN), function (field) { return field.name; });
  }

  function written(form) {
    var draft = {}, some = false;
    fields(form).forEach(function (field) {
      if (field.value !== field.defaultValue) {
        draft[field.name] = field.value;
        some = some || Boolean(field.value.trim());
      }
    });
    if (some && form.elements.key) {
      draft.key = form.elements.key.value;
    }
    return some ? draft : null;
  }

  lm.drafts = {
    keep: function (form) { if (keeps(form)) { lm.write(nameOf(form), written(form)); } },
    forget: function (form) { lm.write(nameOf(form), null); },
    // What a phone sent later and was refused is written again where it belongs.
    give: function (path, draft) { lm.write("draft:" + path, draft); }
  };

  function sent(draft) {
    return Array.prototype.some.call(document.querySelectorAll("[data-key]"), function (one) {
      return draft.key && one.dataset.key === draft.key;
    });
  }

  function restore(form) {
    var draft = keeps(form) && lm.read(nameOf(form));
    if (!draft) {
      return;
    }
    if (sent(draft)) {
      lm.drafts.forget(form);
      return;
    }
    var put = false;
    fields(form).forEach(function (field) {
      if (typeof draft[field.name] === "string" && field.value === field.defaultValue && !field.hasAttribute("aria-invalid")) {
        field.value = draft[field.name];
        put = true;
      }
    });
    if (put && draft.key && form.elements.key) {
      form.elements.key.value = draft.key;
    }
    var folded = put && form.closest("details");
    if (folded) {
      folded.open = true;
    }
    if (put) {
      form.dispatchEvent(new CustomEvent("lm:restored", {bubbles: true}));
    }
  }

  lm.ready(function () {
    Array.prototype.forEach.call(document.forms, restore);
  });
  document.addEventListener("input", function (event) {
    if (event.target.form) {
      lm.drafts.keep(event.target.form);
    }
  });
  document.addEventListener("click", function (event) {
    var chip = event.target.closest("[data-insert]");
    var field = chip && lm.part(chip.dataset.target);
    if (field && field.form) {
      // The words are put in by whoever else listens to this press.
      setTimeout(function () { lm.drafts.keep(field.form); }, 0);
    }
  });
})();
