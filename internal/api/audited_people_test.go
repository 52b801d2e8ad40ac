package api

import (
	"maps"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"creditmsg/internal/access"
	"creditmsg/internal/id"
)

// What is noted of tokens, people and roles.
func init() {
	maps.Copy(unnoted, map[string]string{
		"testWebhookEndpoint":     "it sends an event that says it is a test",
		"replayWebhookDeliveries": "each delivery tells when it was sent, and how often",
		"makeTestSite":            "nothing of a test site is money, or reaches a phone",
		"addTestCredit":           "nothing of a test site is money, or reaches a phone",
		"advanceTestClock":        "nothing of a test site is money, or reaches a phone",
		"createTestToken":         "the log of the test site has it",
		"confirmSession":          "it changes nothing but how long money can be moved, and what is moved then is noted",
		"endSession":              "a session is nothing that anybody keeps; that it began is noted",
		"askPasswordReset":        "that somebody's link counts is noted when its mail is about to be sent; before, nobody looks whose address it is",
		"beginSecondFactor":       "nothing counts of it before it is confirmed, which is noted",
	})
	const aToken, path = `{"name":"shop","abilities":["messages:read"],"addresses":["203.0.113.0/24"]}`, "/v1/tokens"
	maps.Copy(noted, map[string]func(w *world) ask{
		"addWebhookEndpoint":     sends("POST", webhookPath, anEndpoint),
		"setWebhookEndpoint":     func(w *world) ask { return w.ofEndpoint("PATCH", "", `{"topics":["credit.*"]}`) },
		"removeWebhookEndpoint":  func(w *world) ask { return w.ofEndpoint("DELETE", "", "") },
		"rotateWebhookSecret":    func(w *world) ask { return w.ofEndpoint("POST", "/rotate-secret", "") },
		"disableWebhookEndpoint": func(w *world) ask { return w.ofEndpoint("POST", "/disable", "") },
		"enableWebhookEndpoint": func(w *world) ask {
			out := w.ofEndpoint("POST", "/disable", "")
			w.post(out.path, "").is(200)
			out.path = strings.TrimSuffix(out.path, "disable") + "enable"
			return out
		},
		"createToken": sends("POST", path, aToken),
		"changeToken": func(w *world) ask {
			return ask{method: "PATCH", path: path + "/" + w.made(path, aToken), body: `{"name":"till","addresses":[]}`}
		},
		"rotateToken": func(w *world) ask { return ask{method: "POST", path: path + "/" + w.made(path, aToken) + "/rotate"} },
		"revokeToken": func(w *world) ask { return ask{method: "DELETE", path: path + "/" + w.made(path, aToken)} },

		"createPersonalToken": func(w *world) ask {
			return ask{method: "POST", path: "/v1/me/tokens", token: w.kim(), body: aToken}
		},
		"changePersonalToken": func(w *world) ask { return w.ofKim("PATCH", "", `{"name":"till"}`) },
		"rotatePersonalToken": func(w *world) ask { return w.ofKim("POST", "/rotate", "") },
		"revokePersonalToken": func(w *world) ask { return w.ofKim("DELETE", "", "") },

		"signIn": func(w *world) ask {
			user := w.person("kim@example.com", "rich", access.Viewer)
			return ask{method: "POST", path: "/v1/sessions", token: w.session(user.ID, never), body: `{"email":"kim@example.com","password":"` + staffPassword + `"}`}
		},
		"finishPasswordReset": func(w *world) ask {
			user := w.person("kim@example.com", "rich", access.Viewer)
			return ask{method: "POST", path: "/v1/password-resets/confirm", token: w.session(user.ID, never), body: `{"token":"` + w.resetToken("kim@example.com") + `","password":"quite another one"}`}
		},
		"setPassword": func(w *world) ask {
			return ask{method: "POST", path: "/v1/me/password", token: w.kim(), body: `{"password":"` + staffPassword + `","new_password":"quite another one"}`}
		},
		"confirmSecondFactor": func(w *world) ask {
			token := w.session(w.person("kim@example.com", "rich", access.Owner).ID, never)
			begun := w.as(token, "POST", "/v1/me/second-factor", `{"password":"`+staffPassword+`"}`).is(200).json()
			return ask{method: "POST", path: "/v1/me/second-factor/confirm", token: token, body: `{"code":"` + w.code(begun["secret"].(string), 0) + `"}`}
		},
		"disableSecondFactor": func(w *world) ask {
			user := w.person("kim@example.com", "rich", access.Owner)
			secret := w.enrol(user.ID)
			return ask{method: "POST", path: "/v1/me/second-factor/disable", token: w.session(user.ID, never), body: `{"code":"` + w.code(secret, 1) + `"}`}
		},

		"inviteUser": func(w *world) ask {
			return ask{method: "POST", path: "/v1/users", token: w.kim(), body: anInvitation}
		},
		"withdrawInvitation": func(w *world) ask {
			token := w.kim()
			return ask{method: "DELETE", path: "/v1/invitations/" + text1(w.t, w.as(token, "POST", "/v1/users", anInvitation).is(201), "id"), token: token}
		},
		"acceptInvitation": func(w *world) ask {
			in, token := w.askLee()
			return ask{method: "POST", path: "/v1/me/invitations/" + text1(w.t, in, "id") + "/accept", token: token, body: `{"password":"` + text1(w.t, in, "password") + `"}`}
		},
		"declineInvitation": func(w *world) ask {
			in, token := w.askLee()
			return ask{method: "DELETE", path: "/v1/me/invitations/" + text1(w.t, in, "id"), token: token}
		},
		"leaveRole": func(w *world) ask {
			_, token := w.askLee()
			return ask{method: "POST", path: "/v1/me/roles/leave", token: token, body: `{"site":"rich","role":"viewer"}`}
		},
		"changeUser":       func(w *world) ask { return w.toLee("PATCH", "", `{"roles":["finance"],"state":"disabled"}`) },
		"resetPassword":    func(w *world) ask { return w.toLee("POST", "/password", "") },
		"dropSecondFactor": func(w *world) ask { return w.toLee("DELETE", "/second-factor", "") },

		"addRole":    sends("POST", "/v1/roles", `{"name":"clerk","permissions":["messages:read"]}`),
		"setRole":    func(w *world) ask { return w.ofClerk("PUT", `{"permissions":["messages"]}`) },
		"removeRole": func(w *world) ask { return w.ofClerk("DELETE", "") },
	})
}

// kim is an owner who may do what asks for a second factor.
func (w *world) kim() (token string) {
	w.t.Helper()
	user := w.person("kim@example.com", "rich", access.Owner)
	w.enrol(user.ID)
	return w.session(user.ID, 0)
}

// ofKim does something to a personal token of his.
func (w *world) ofKim(method, what, body string) ask {
	w.t.Helper()
	token := w.kim()
	made := w.as(token, "POST", "/v1/me/tokens", `{"name":"shop","abilities":["messages:read"]}`).is(201).json()
	return ask{method: method, path: "/v1/me/tokens/" + made["id"].(string) + what, token: token, body: body}
}

// toLee is something that kim does to somebody.
func (w *world) toLee(method, what, body string) ask {
	w.t.Helper()
	lee := w.person("lee@example.com", "rich", access.Viewer)
	return ask{method: method, path: "/v1/users/" + lee.ID.Text(id.User) + what, token: w.kim(), body: body}
}

const anInvitation = `{"email":"lee@example.com","name":"이두리","roles":["finance"]}`

// askLee has kim invite somebody who has an account already, and gives a session of his.
func (w *world) askLee() (in got, token string) {
	w.t.Helper()
	lee := w.person("lee@example.com", "rich", access.Viewer)
	return w.as(w.kim(), "POST", "/v1/users", anInvitation).is(201), w.session(lee.ID, never)
}

func (w *world) ofClerk(method, body string) ask {
	w.t.Helper()
	w.post("/v1/roles", `{"name":"clerk","permissions":["messages:read"]}`).is(201)
	return ask{method: method, path: "/v1/roles/clerk", body: body}
}

// code gives a code of a second factor, so many half minutes from now.
func (w *world) code(secret string, steps int) string {
	w.t.Helper()
	c, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
	w.must(err)
	return c
}

// anEndpoint is one that an audit log must not tell the address of.
const anEndpoint = `{"url":"https://shop.example/hooks?key=SECRETSENDERKEY","topics":["message.*"]}`

// ofEndpoint asks something of a new endpoint.
func (w *world) ofEndpoint(method, act, body string) ask {
	made := w.post(webhookPath, anEndpoint).is(201).json()["endpoint"].(map[string]any)
	return ask{method: method, path: webhookPath + "/" + made["id"].(string) + act, body: body}
}
