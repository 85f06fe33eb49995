// Notices on this device: offered on the account's page where the installation has them and the browser can.
(function () {
  "use strict";

  var lm = window.lm;
  var section = document.getElementById("notices");

  if (!section || !window.PushManager || !("Notification" in window) || !("serviceWorker" in window.navigator)) {
    return;
  }

  var button = section.querySelector("button"), told = section.querySelector("[data-told]");

  function bytes(text) {
    var raw = window.atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (sign) { return sign.charCodeAt(0); });
  }

  function send(address, fields, csrf) {
    fields.append("csrfmiddlewaretoken", csrf);
    return window.fetch(address, {method: "POST", body: fields, credentials: "same-origin", headers: {"X-In-Place": "queue"}})
      .then(function (answer) {
        return answer.ok ? null : answer.json().then(function (why) { throw new Error((why.said || []).join(" ")); });
      });
  }

  function show(subscription) {
    section.hidden = false;
    button.textContent = subscription ? button.dataset.off : button.dataset.on;
    told.textContent = window.Notification.permission === "denied" ? told.dataset.denied : subscription ? told.dataset.told : "";
    button.hidden = window.Notification.permission === "denied";
  }

  function turn(registration, here, subscription) {
    var fields = new URLSearchParams();
    if (subscription) {
      fields.append("endpoint", subscription.endpoint);
      return send(section.dataset.end, fields, here.csrf).then(function () { return subscription.unsubscribe(); })
        .then(function () { return null; });
    }
    return registration.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: bytes(here.push)})
      .then(function (made) {
        var keys = made.toJSON().keys;
        fields.append("endpoint", made.endpoint);
        fields.append("p256dh", keys.p256dh);
        fields.append("auth", keys.auth);
        return send(section.dataset.begin, fields, here.csrf).then(function () { return made; });
      });
  }

  lm.ready(function () {
    Promise.all([window.navigator.serviceWorker.ready, lm.presence()]).then(function (both) {
      var registration = both[0], here = both[1];
      if (!here.push) {
        return null;
      }
      return registration.pushManager.getSubscription().then(function (subscription) {
        show(subscription);
        button.onclick = function () {
          button.disabled = true;
          turn(registration, here, subscription).then(function (now) {
            subscription = now;
            show(now);
          }).catch(function (error) {
            show(subscription);
            told.textContent = told.dataset.denied && window.Notification.permission === "denied"
              ? told.dataset.denied : error.message || told.dataset.failed;
          }).then(function () { button.disabled = false; });
        };
      });
    }).catch(function () {
      // Without a network there is nothing to offer.
    });
  });
})();
