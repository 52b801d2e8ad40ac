package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// letters stand for the roles that are built in.
var letters = map[string]string{
	"O": access.Operator, "U": access.Support, "W": access.Owner, "F": access.Finance, "S": access.Sender, "V": access.Viewer,
}

// rights says, for every route, people of which roles may use it on their site; ! is behind
// those that ask for a second factor. "open" needs no token, "anyone" any token, "person" somebody
// who signed in. It is written by hand and compared with what the API does: a new route gets a
// row by thinking about who may use it, not by trying.
var rights = map[string]string{
	"GET /v1/credit":                                                  "O U W F V",
	"GET /v1/credit/alerts":                                           "O U W F V",
	"PUT /v1/credit/alerts":                                           "O W F",
	"PUT /v1/credit/auto-recharge":                                    "O W F !",
	"GET /v1/credit/caps":                                             "O U W F V",
	"PUT /v1/credit/caps":                                             "O W F !",
	"PUT /v1/credit/caps/bounds":                                      "O !",
	"GET /v1/credit/entries":                                          "O U W F V",
	"GET /v1/credit/entries/export":                                   "O U W F V",
	"GET /v1/credit/payments":                                         "O U W F V",
	"POST /v1/credit/payments":                                        "O W F",
	"GET /v1/credit/payments/{id}":                                    "O U W F V",
	"POST /v1/credit/payments/{id}/arrived":                           "O !",
	"POST /v1/credit/payments/{id}/cancel":                            "O W F !",
	"POST /v1/credit/payments/{id}/cancellations/{cancel}/given-back": "O !",
	"POST /v1/credit/payments/{id}/cash-receipt/issued":               "O",
	"GET /v1/credit/payments/{id}/receipt":                            "O U W F V",
	"GET /v1/credit/prices":                                           "O U W F V",
	"GET /v1/credit/signing-key":                                      "open",
	"GET /v1/credit/statements":                                       "O U W F V",
	"GET /v1/credit/statements/{month}":                               "O U W F V",
	"GET /v1/credit/usages":                                           "O U W F V",
	"POST /v1/credit/usages/{id}/refund":                              "O W F !",
	"GET /v1/credit/withdrawals":                                      "O U W F V",
	"POST /v1/credit/withdrawals":                                     "O W F !",
	"GET /v1/credit/withdrawals/{id}":                                 "O U W F V",
	"POST /v1/credit/withdrawals/{id}/approve":                        "O !",
	"POST /v1/credit/withdrawals/{id}/cancel":                         "O W F !",
	"POST /v1/credit/withdrawals/{id}/reject":                         "O !",

	"GET /v1/messages":                     "O U W S V",
	"POST /v1/messages":                    "O W S",
	"POST /v1/messages/estimate":           "O U W S V",
	"POST /v1/messages/test":               "O W S",
	"GET /v1/messages/{id}":                "O U W S V",
	"PATCH /v1/messages/{id}":              "O W S",
	"POST /v1/messages/{id}/approve":       "O W",
	"POST /v1/messages/{id}/cancel":        "O W S",
	"GET /v1/messages/{id}/compliance":     "O W S",
	"POST /v1/messages/{id}/pause":         "O W S",
	"GET /v1/messages/{id}/recipients":     "O W S",
	"POST /v1/messages/{id}/reject":        "O W",
	"POST /v1/messages/{id}/resend-failed": "O W S",
	"POST /v1/messages/{id}/resume":        "O W S",
	"GET /v1/messages/{id}/trace":          "O W S",

	"GET /v1/blocked-words":           "O U W S V",
	"POST /v1/blocked-words":          "O",
	"DELETE /v1/blocked-words/{word}": "O",

	"GET /v1/sending-rules": "O U W S V",
	"PUT /v1/sending-rules": "O W S",

	"GET /v1/opt-outs":             "O W S",
	"POST /v1/opt-outs":            "O W S",
	"POST /v1/opt-outs/import":     "O W S",
	"DELETE /v1/opt-outs/{number}": "O W S",
	"GET /v1/opt-outs/{number}":    "O W S",

	"GET /v1/senders":                            "O U W S V",
	"POST /v1/senders":                           "O W",
	"DELETE /v1/senders/{number}":                "O W",
	"GET /v1/senders/{number}":                   "O U W S V",
	"PUT /v1/senders/{number}":                   "O W",
	"GET /v1/senders/{number}/documents":         "O W S",
	"POST /v1/senders/{number}/documents":        "O W",
	"DELETE /v1/senders/{number}/documents/{id}": "O W",
	"GET /v1/senders/{number}/documents/{id}":    "O W S",
	"POST /v1/senders/{number}/request":          "O W",

	"GET /v1/policies":           "O U W S V",
	"DELETE /v1/policies/{name}": "O W S",
	"GET /v1/policies/{name}":    "O U W S V",
	"PUT /v1/policies/{name}":    "O W S",

	"POST /v1/routing/what-if": "O U W S V",

	"GET /v1/send-logs": "O W S",

	"GET /v1/attachments":              "O U W S V",
	"POST /v1/attachments":             "O W S",
	"DELETE /v1/attachments/{id}":      "O W S",
	"GET /v1/attachments/{id}":         "O U W S V",
	"GET /v1/attachments/{id}/content": "O U W S V",

	"GET /v1/templates":                  "O U W S V",
	"POST /v1/templates":                 "O W",
	"DELETE /v1/templates/{code}":        "O W",
	"GET /v1/templates/{code}":           "O U W S V",
	"PUT /v1/templates/{code}":           "O W",
	"POST /v1/templates/{code}/comments": "O W",
	"POST /v1/templates/{code}/release":  "O W",
	"POST /v1/templates/{code}/submit":   "O W",
	"POST /v1/templates/{code}/sync":     "O W",
	"POST /v1/templates/{code}/withdraw": "O W",

	"GET /v1/kakao-channels":                                  "O U W S V",
	"POST /v1/kakao-channels":                                 "O W",
	"DELETE /v1/kakao-channels/{name}":                        "O W",
	"GET /v1/kakao-channels/{name}":                           "O U W S V",
	"PUT /v1/kakao-channels/{name}":                           "O W",
	"POST /v1/kakao-channels/{name}/registrations":            "O W",
	"POST /v1/kakao-channels/{name}/registrations/{provider}": "O W",

	"GET /v1/kakao-channel-categories": "O U W S V",

	"GET /v1/margin": "O",

	"GET /v1/providers":             "O",
	"POST /v1/providers/{name}/ask": "O",

	"GET /v1/invoices":                  "O",
	"POST /v1/invoices":                 "O",
	"GET /v1/invoices/{id}":             "O",
	"POST /v1/invoices/{id}/apply":      "O !",
	"GET /v1/invoices/{id}/differences": "O",

	"GET /v1/tax-invoices/{month}":        "O",
	"POST /v1/tax-invoices/{month}/issue": "O",

	"GET /docs":                         "open",
	"GET /healthz":                      "open",
	"GET /metrics":                      "open",
	"GET /openapi.json":                 "open",
	"GET /payment-methods/{id}/return":  "open",
	"GET /payments/{id}/return":         "open",
	"GET /readyz":                       "open",
	"POST /webhooks/payments/{gateway}": "open",
	"POST /webhooks/{provider}":         "open",

	"GET /v1/series":              "O W S",
	"POST /v1/series":             "O W S",
	"DELETE /v1/series/{id}":      "O W S",
	"GET /v1/series/{id}":         "O W S",
	"PUT /v1/series/{id}":         "O W S",
	"GET /v1/series/{id}/firings": "O U W S V",
	"POST /v1/series/{id}/pause":  "O W S",
	"POST /v1/series/{id}/resume": "O W S",

	"GET /v1/contacts":         "O W S",
	"POST /v1/contacts":        "O W S",
	"GET /v1/contacts/export":  "O W S",
	"POST /v1/contacts/import": "O W S",
	"DELETE /v1/contacts/{id}": "O W S",
	"GET /v1/contacts/{id}":    "O W S",
	"PUT /v1/contacts/{id}":    "O W S",

	"GET /v1/groups":                           "O W S",
	"POST /v1/groups":                          "O W S",
	"DELETE /v1/groups/{id}":                   "O W S",
	"GET /v1/groups/{id}":                      "O W S",
	"PUT /v1/groups/{id}":                      "O W S",
	"GET /v1/groups/{id}/export":               "O W S",
	"POST /v1/groups/{id}/import":              "O W S",
	"GET /v1/groups/{id}/members":              "O W S",
	"POST /v1/groups/{id}/members":             "O W S",
	"DELETE /v1/groups/{id}/members/{contact}": "O W S",

	"GET /v1/payment-gateways": "O U W F V",

	"GET /v1/payment-methods":         "O U W F V",
	"POST /v1/payment-methods":        "O W F !",
	"DELETE /v1/payment-methods/{id}": "O W F !",
	"GET /v1/payment-methods/{id}":    "O U W F V",
	"PATCH /v1/payment-methods/{id}":  "O W F !",

	"GET /v1/billing-profile": "O U W F V",
	"PUT /v1/billing-profile": "O W F",

	"GET /v1/stats": "O U W F S V",

	"GET /v1/plans":              "O",
	"POST /v1/plans":             "O !",
	"DELETE /v1/plans/{id}":      "O !",
	"GET /v1/plans/{id}":         "O",
	"PUT /v1/plans/{id}":         "O !",
	"GET /v1/plans/{id}/prices":  "O",
	"POST /v1/plans/{id}/prices": "O !",

	"GET /v1/tokens":              "O W",
	"POST /v1/tokens":             "O W !",
	"DELETE /v1/tokens/{id}":      "O W",
	"GET /v1/tokens/{id}":         "O W",
	"PATCH /v1/tokens/{id}":       "O W !",
	"POST /v1/tokens/{id}/rotate": "O W !",

	"GET /v1/me":                        "anyone",
	"POST /v1/me/password":              "person",
	"POST /v1/me/second-factor":         "person",
	"POST /v1/me/second-factor/confirm": "person",
	"POST /v1/me/second-factor/disable": "person",
	"GET /v1/me/tokens":                 "person",
	"POST /v1/me/tokens":                "person !",
	"DELETE /v1/me/tokens/{id}":         "person",
	"GET /v1/me/tokens/{id}":            "person",
	"PATCH /v1/me/tokens/{id}":          "person !",
	"POST /v1/me/tokens/{id}/rotate":    "person !",

	"GET /v1/sessions":                  "person",
	"POST /v1/sessions":                 "open",
	"POST /v1/sessions/current/confirm": "person",
	"DELETE /v1/sessions/{id}":          "person",

	"GET /v1/users":                       "O W",
	"POST /v1/users":                      "O W !",
	"GET /v1/users/{id}":                  "O W",
	"PATCH /v1/users/{id}":                "O W !",
	"POST /v1/users/{id}/password":        "O W !",
	"DELETE /v1/users/{id}/second-factor": "O W !",

	"GET /v1/roles":           "O W",
	"POST /v1/roles":          "O W !",
	"DELETE /v1/roles/{name}": "O W !",
	"GET /v1/roles/{name}":    "O W",
	"PUT /v1/roles/{name}":    "O W !",
}

// installationWide are the roles that the test gives on all sites; the others are of one.
var installationWide = []string{access.Operator, access.Support}

// staffed is a world with a person of each role: of the site rich, or of all.
type staffed struct {
	*world
	people map[string]access.User
}

const staffPassword = "correct horse battery"

func staff(t testing.TB, w *world) staffed {
	out := staffed{w, map[string]access.User{}}
	for _, role := range letters {
		at := "rich"
		if slices.Contains(installationWide, role) {
			at = ""
		}
		out.people[role] = w.person(role+"@example.com", at, role)
	}
	return out
}

// byCommand is who acts at the command line.
var byCommand = access.Installation()

// person makes an account with roles.
func (w *world) person(email, at string, roles ...string) access.User {
	w.t.Helper()
	in, err := w.people.Invite(w.t.Context(), byCommand, access.Invitation{Email: email, Name: "사람", Site: at, Roles: roles, Password: staffPassword})
	w.must(err)
	return in.User
}

// session signs a person in without a password; confirmed is when he gave a second factor.
func (w *world) session(user id.ID, confirmed time.Duration) (secret string) {
	w.t.Helper()
	w.update(func(tx *db.Tx) (err error) {
		o := site.TokenOrder{Owner: site.OwnedBy(user), Name: "session", Abilities: []string{site.Operator, site.All}, Session: true, Expires: tx.Now.Add(time.Hour)}
		if confirmed >= 0 {
			o.Confirmed = tx.Now.Add(-confirmed)
		}
		_, secret, err = site.CreateToken(tx, o)
		return err
	})
	return secret
}

// never stands for a session without a second factor.
const never = time.Duration(-1)

// enrol gives a person a second factor, and its secret.
func (w *world) enrol(user id.ID) (secret string) {
	w.t.Helper()
	e, err := w.people.Enrol(w.t.Context(), user, staffPassword)
	w.must(err)
	var session id.ID
	w.update(func(tx *db.Tx) error {
		t, _, err := site.CreateToken(tx, site.TokenOrder{Owner: site.OwnedBy(user), Name: "session", Abilities: []string{site.All}, Session: true, Expires: tx.Now.Add(time.Hour)})
		session = t.ID
		return err
	})
	code, err := totp.GenerateCode(e.Secret, time.Now())
	w.must(err)
	_, err = w.people.FinishEnrolment(w.t.Context(), user, session, code)
	w.must(err)
	return e.Secret
}

// knock asks a route for a site with nothing in the request that it could use: what comes back
// tells whether the caller was let in.
func (w *world) knock(route, secret, siteID string) got {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	a := ask{method: method, path: filled(path), token: secret, body: "{"}
	if method == http.MethodGet {
		a.body = ""
	}
	if siteID != "" {
		a.path += "?site=" + siteID
	}
	return w.do(a)
}

// answered says in a word what an answer means for whoever knocked.
func answered(g got) string {
	var p struct {
		Detail       string
		SecondFactor string `json:"second_factor"`
	}
	if g.status >= 400 {
		_ = json.Unmarshal(g.body, &p)
	}
	switch {
	case g.status == 401:
		return "unknown"
	case g.status == 403 && p.SecondFactor != "":
		return p.SecondFactor
	case g.status == 403:
		return "denied"
	case g.status == 404 && strings.Contains(p.Detail, "no site"):
		return "no such site"
	case g.status >= 500:
		return fmt.Sprintf("trouble: %.200s", g.body)
	}
	return "let in"
}

// rightsOf reads a row of the table.
func rightsOf(t testing.TB, route string) (who string, guarded bool) {
	t.Helper()
	row, ok := rights[route]
	if !ok {
		t.Errorf("nobody has said who may use %s. Add a row to the table rights in internal/api/rights_test.go, such as\n\t%q: \"O W\",\n"+
			"with the letters of the roles that may (O operator, U support, W owner, F finance, S sender, V viewer), or open, anyone, person; and ! behind them if it moves money or makes keys",
			route, route)
	}
	who, guarded = strings.CutSuffix(row, " !")
	return who, guarded
}

// TestEveryRouteLetsInTheRolesThatTheTableNames knocks at every route as a person of every
// role, at the site that he is of and at another one.
func TestEveryRouteLetsInTheRolesThatTheTableNames(t *testing.T) {
	w := staff(t, onSQLite(t))
	d, _ := readDocument(t)
	routes := map[string]bool{}
	for path, item := range d.Paths {
		for method := range item {
			routes[strings.ToUpper(method)+" "+path] = true
		}
	}
	for route := range rights {
		if !routes[route] {
			t.Errorf("%s has a row in rights, and is no route", route)
		}
	}
	secrets, confirmed := map[string]string{}, map[string]string{}
	for role, user := range w.people {
		w.enrol(user.ID)
		secrets[role], confirmed[role] = w.session(user.ID, never), w.session(user.ID, 14*time.Minute)
	}
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		who, guarded := rightsOf(t, route)
		if who == "open" {
			continue
		}
		for letter, role := range letters {
			may := who == "anyone" || who == "person" || strings.Contains(who, letter)
			for _, at := range []string{"", "rich", "poor"} {
				want := "denied"
				everywhere := slices.Contains(installationWide, role)
				switch {
				case at == "" && everywhere, at == "poor" && !everywhere && who == "person":
					continue // below
				case at == "poor" && !everywhere:
					want = "no such site"
				case may && guarded:
					want = "required"
				case may:
					want = "let in"
				}
				got := w.knock(route, secrets[role], at)
				if at == "poor" && !everywhere && answered(got) == "denied" && who == "O" {
					continue // the route is about no site
				}
				if answered(got) != want {
					t.Errorf("%s as %s at %q: %s (%d), want it %s; the row in rights is %q", route, role, at, answered(got), got.status, want, rights[route])
				}
				if want == "required" {
					if got := answered(w.knock(route, confirmed[role], at)); got != "let in" {
						t.Errorf("%s as %s at %q with a second factor: %s", route, role, at, got)
					}
				}
			}
		}
	}
}

// TestEveryRouteLetsInTheProgramsThatItIsFor is the same with tokens of programs, which no
// second factor is asked of.
func TestEveryRouteLetsInTheProgramsThatItIsFor(t *testing.T) {
	w := onSQLite(t)
	for route := range rights {
		who, _ := rightsOf(t, route)
		if who == "open" {
			continue
		}
		of := func(secret, at, want string) {
			t.Helper()
			got := answered(w.knock(route, secret, at))
			if got != want && !(at == "poor" && want == "no such site" && got == "denied") { // of routes about no site
				t.Errorf("%s at %q: %s, want %s", route, at, got, want)
			}
		}
		site, operator := "let in", "let in"
		switch who {
		case "O":
			site = "denied"
		case "person":
			site, operator = "denied", "denied"
		}
		of(w.rich, "", site)
		of(w.rich, "rich", site)
		of(w.rich, "poor", "no such site")
		of(w.operator, "rich", operator)
		of(w.operator, "poor", operator)
		w.do(ask{method: strings.Split(route, " ")[0], path: filled(strings.Split(route, " ")[1])}).refused(401, "unauthenticated")
	}
}

// A second factor counts for a quarter of an hour, and who has none is told to set one up.
func TestWhatMovesMoneyAsksForASecondFactorNotLongAgo(t *testing.T) {
	w := onSQLite(t)
	owner := w.person("owner@example.com", "rich", access.Owner)
	for route := range rights {
		if _, guarded := rightsOf(t, route); !guarded || rights[route] == "O !" {
			continue
		}
		for confirmed, want := range map[time.Duration]string{never: "enrol", time.Minute: "enrol"} {
			if got := answered(w.knock(route, w.session(owner.ID, confirmed), "rich")); got != want {
				t.Errorf("%s without a second factor: %s, want %s", route, got, want)
			}
		}
	}
	w.enrol(owner.ID)
	for confirmed, want := range map[time.Duration]string{never: "required", 14 * time.Minute: "let in", 16 * time.Minute: "required"} {
		if got := answered(w.knock("POST /v1/credit/usages/{id}/refund", w.session(owner.ID, confirmed), "")); got != want {
			t.Errorf("confirmed %s ago: %s, want %s", confirmed, got, want)
		}
	}
}
