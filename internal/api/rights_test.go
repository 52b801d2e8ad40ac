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

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

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
	in, err := w.people.Add(w.t.Context(), byCommand, access.NewPerson{Email: email, Name: "사람", Site: at, Roles: roles, Password: staffPassword})
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
	e, err := w.people.Enrol(w.t.Context(), access.Self{ID: user}, staffPassword)
	w.must(err)
	var session id.ID
	w.update(func(tx *db.Tx) error {
		t, _, err := site.CreateToken(tx, site.TokenOrder{Owner: site.OwnedBy(user), Name: "session", Abilities: []string{site.All}, Session: true, Expires: tx.Now.Add(time.Hour)})
		session = t.ID
		return err
	})
	_, err = w.people.FinishEnrolment(w.t.Context(), access.Self{ID: user, Session: session}, w.code(e.Secret, 0))
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

// houseAlone reports whether a route is for people of the installation alone, and about no site.
func houseAlone(who string) bool { return who == "O" || who == "O U" }

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
	case g.status == 404 && (strings.Contains(p.Detail, `no site "rich"`) || strings.Contains(p.Detail, `no site "poor"`)):
		return "no such site"
	case g.status >= 500:
		return fmt.Sprintf("trouble: %.200s", g.body)
	}
	return "let in"
}

// rightsOf reads a row of the table, and complains where there is none.
func rightsOf(t testing.TB, route string) (who string, guarded bool) {
	t.Helper()
	row, ok := rights[route]
	if !ok {
		t.Errorf("nobody has said who may use %s. Add a row to the table rights in internal/api/rights_table_test.go, such as\n\t%q: \"O W\",\n"+
			"with the letters of the roles that may (O operator, U support, W owner, F finance, S sender, V viewer), or open, anyone, person; ! behind them if it moves money or makes keys, # if it shows numbers of people",
			route, route)
		return "open", false
	}
	who, guarded = strings.CutSuffix(strings.TrimSuffix(row, " #"), " !")
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
				if at == "poor" && !everywhere && answered(got) == "denied" && houseAlone(who) {
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
		switch {
		case houseAlone(who):
			site = "denied"
		case who == "person":
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

// almost is a session of somebody who may everything on his site but see numbers of people.
func (w *world) almost() (secret string) {
	w.t.Helper()
	all := slices.DeleteFunc(slices.Clone(site.Abilities), func(a string) bool {
		return a == site.All || a == site.Operator || a == "personal:read"
	})
	w.update(func(tx *db.Tx) error {
		_, err := access.AddRole(tx, byCommand, "rich", "almost", all)
		return err
	})
	user := w.person("almost@example.com", "rich", "almost")
	w.enrol(user.ID)
	return w.session(user.ID, 0)
}

// TestNumbersOfPeopleAreShownToWhoMaySeeThem knocks at what cannot be masked.
func TestNumbersOfPeopleAreShownToWhoMaySeeThem(t *testing.T) {
	w := onSQLite(t)
	secret := w.almost()
	for route, row := range rights {
		who, _ := rightsOf(t, route)
		if who == "open" || houseAlone(who) {
			continue
		}
		want := "let in"
		if strings.HasSuffix(row, "#") {
			want = "denied"
		}
		if got := answered(w.knock(route, secret, "")); got != want {
			t.Errorf("%s by who may not see numbers: %s, want %s", route, got, want)
		}
	}
}
