package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

func (w *world) as(token, method, path, body string) got {
	w.t.Helper()
	return w.do(ask{method: method, path: path, token: token, body: body})
}

// signIn signs a person in over the API.
func (w *world) signIn(email, more string) got {
	w.t.Helper()
	return w.as("", "POST", "/v1/sessions", `{"email":"`+email+`","password":"`+staffPassword+`"`+more+`}`)
}

func text1(t testing.TB, g got, member string) string {
	t.Helper()
	out, _ := g.json()[member].(string)
	if out == "" {
		t.Fatalf("no %s in %s", member, g.body)
	}
	return out
}

func TestAPersonSignsInConfirmsAndLeaves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("kim@example.com", "rich", access.Owner)
		w.as("", "POST", "/v1/sessions", `{`).refused(400, "malformed")
		w.do(ask{method: "POST", path: "/v1/sessions", body: "a=b", media: "text/plain"}).refused(415, "unsupported_media_type")
		w.as("", "POST", "/v1/sessions", `{"email":"kim@example.com","password":"wrong password"}`).refused(401, "unauthenticated")
		in := w.signIn("kim@example.com", "").is(201)
		token := text1(t, in, "token")
		me := w.as(token, "GET", "/v1/me", "").is(200).json()
		person, _ := me["person"].(map[string]any)
		if me["site"] != "rich" || me["operator"] != false || person["email"] != "kim@example.com" || person["second_factor"] != false || me["session"] == nil {
			t.Errorf("got %v", me)
		}
		if got := answered(w.as(token, "POST", "/v1/tokens", `{"name":"shop","abilities":["messages:write"]}`)); got != "enrol" {
			t.Errorf("making a token without a second factor: %s", got)
		}
		w.as(token, "POST", "/v1/me/second-factor", `{"password":"wrong password"}`).refused(403, "forbidden")
		secret := text1(t, w.as(token, "POST", "/v1/me/second-factor", `{"password":"`+staffPassword+`"}`).is(200), "secret")
		code := func(steps int) string { return w.code(secret, steps) }
		codes, _ := w.as(token, "POST", "/v1/me/second-factor/confirm", `{"code":"`+code(0)+`"}`).is(200).json()["recovery_codes"].([]any)
		if len(codes) != 10 {
			t.Fatalf("got %d recovery codes", len(codes))
		}
		w.as(token, "POST", "/v1/tokens", `{"name":"shop","abilities":["messages:write"]}`).is(201)

		w.signIn("kim@example.com", "").refused(401, "unauthenticated")
		if got := w.signIn("kim@example.com", "").json()["second_factor"]; got != "required" {
			t.Errorf("got second_factor %v", got)
		}
		again := text1(t, w.signIn("kim@example.com", `,"code":"`+codes[0].(string)+`"`).is(201), "token")
		if n := len(w.as(again, "GET", "/v1/sessions", "").rows()); n != 2 {
			t.Errorf("got %d sessions, want 2", n)
		}
		stale := w.session(w.userOf(again), 20*time.Minute)
		if got := answered(w.as(stale, "POST", "/v1/me/second-factor", `{"password":"`+staffPassword+`"}`)); got != "required" {
			t.Errorf("replacing a second factor without it: %s", got)
		}
		for _, act := range []string{"/v1/sessions/current/confirm", "/v1/me/second-factor/disable"} {
			wrong := w.as(stale, "POST", act, `{"code":"000000"}`)
			wrong.refused(403, "forbidden")
			if got := wrong.json(); got["second_factor"] != "required" || wrong.header.Get("WWW-Authenticate") != "" {
				t.Errorf("a wrong code for %s: got %v with %v, want that the code is wrong, and nothing of the token", act, got, wrong.header)
			}
		}
		w.as(stale, "POST", "/v1/sessions/current/confirm", `{"code":"`+code(1)+`"}`).is(200)
		w.as(stale, "POST", "/v1/tokens", `{"name":"shop","abilities":["messages:write"]}`).is(201)

		w.as(again, "DELETE", "/v1/sessions/current", "").is(204)
		w.as(again, "GET", "/v1/me", "").refused(401, "unauthenticated")
		w.as(token, "POST", "/v1/me/password", `{"password":"`+staffPassword+`","new_password":"quite another one"}`).is(204)
		w.as(stale, "GET", "/v1/me", "").refused(401, "unauthenticated")
		w.as(token, "GET", "/v1/me", "").is(200)
		for _, hidden := range []string{"kim@example.com", staffPassword, secret, codes[1].(string)} {
			if strings.Contains(w.log.String(), hidden) {
				t.Errorf("the log shows what is personal or secret")
			}
		}
		if !strings.Contains(w.log.String(), "user_id=usr_") {
			t.Error("the log does not say who it was")
		}
	})
}

// userOf is the person behind a session.
func (w *world) userOf(secret string) (user id.ID) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		t, err := site.Authenticate(tx, secret)
		user = t.User
		return err
	})
	return user
}

func TestPeopleAndRolesAreManagedOverTheAPI(t *testing.T) {
	w := onSQLite(t)
	owner := w.person("owner@example.com", "rich", access.Owner)
	w.enrol(owner.ID)
	token := w.session(owner.ID, 0)
	role := w.as(token, "POST", "/v1/roles", `{"name":"marketing","permissions":["messages","contacts:read"]}`).is(201).json()
	if role["site"] != "rich" || role["built_in"] != false {
		t.Errorf("got %v", role)
	}
	w.as(token, "POST", "/v1/roles", `{"name":"chief","permissions":["operator"]}`).refused(422, "validation")
	if n := len(w.as(token, "GET", "/v1/roles", "").rows()); n != 7 {
		t.Errorf("got %d roles, want the six and one", n)
	}
	first := w.as(token, "GET", "/v1/roles?limit=4", "").is(200)
	if n := len(w.as(token, "GET", "/v1/roles?limit=4&cursor="+first.cursor(), "").rows()); n != 3 {
		t.Errorf("got %d roles on the second page, want 3", n)
	}
	in := w.as(token, "POST", "/v1/users", `{"email":"lee@example.com","name":"이두리","roles":["marketing"]}`).is(201)
	if n := len(w.as(token, "GET", "/v1/users", "").rows()) + len(w.as(token, "GET", "/v1/invitations", "").rows()); n != 2 {
		t.Errorf("got %d people and invitations, want the owner and one who is asked", n)
	}
	w.as(token, "POST", "/v1/users", `{"email":"lee@example.com","roles":["operator"]}`).refused(422, "validation")
	w.as(token, "POST", "/v1/users?site=poor", `{"email":"lee@example.com","roles":["viewer"]}`).refused(404, "not_found")
	lee := text1(t, w.as("", "POST", "/v1/sessions", `{"email":"lee@example.com","password":"`+text1(t, in, "password")+`"}`).is(201), "user_id")
	w.person("lee@example.com", "poor", access.Viewer)
	if got := w.as(w.operator, "GET", "/v1/users/"+lee, "").is(200).json()["everywhere"].([]any); len(got) != 2 {
		t.Errorf("the operator sees %v", got)
	}
	w.as(token, "PATCH", "/v1/users/"+lee, `{"state":"disabled"}`).refused(403, "forbidden") // who is of another site too
	w.as(token, "POST", "/v1/users/"+lee+"/password", ``).refused(403, "forbidden")
	w.as(token, "PATCH", "/v1/users/"+lee, `{"roles":["viewer","finance"]}`).is(200)
	w.as(token, "DELETE", "/v1/roles/marketing", "").is(204)
	w.as(token, "PATCH", "/v1/users/"+lee, `{"roles":[]}`).is(200)
	w.as(token, "GET", "/v1/users/"+lee, "").refused(404, "not_found")
	made := text1(t, w.as(w.operator, "POST", "/v1/users/"+lee+"/password", "").is(200), "password")
	session := text1(t, w.as("", "POST", "/v1/sessions", `{"email":"lee@example.com","password":"`+made+`"}`).is(201), "token")
	w.as(session, "GET", "/v1/messages", "").is(200) // of the one site that is left
	w.as(session, "GET", "/v1/messages?site=rich", "").refused(404, "not_found")
	w.as(w.operator, "PATCH", "/v1/users/"+lee, `{"state":"disabled"}`).is(200)
	w.as(session, "GET", "/v1/messages", "").refused(401, "unauthenticated")
	w.as(w.operator, "DELETE", "/v1/users/"+owner.ID.Text(id.User)+"/second-factor", "").is(204)
	w.as(token, "GET", "/v1/me", "").refused(401, "unauthenticated")
}

func TestWhoHasSeveralSitesNamesOne(t *testing.T) {
	w := onSQLite(t)
	kim := w.person("kim@example.com", "rich", access.Viewer)
	w.person("kim@example.com", "poor", access.Viewer)
	token := w.session(kim.ID, never)
	w.as(token, "GET", "/v1/credit", "").refused(422, "validation")
	for _, at := range []string{"rich", "poor"} {
		w.as(token, "GET", "/v1/credit?site="+at, "").is(200)
	}
	for _, at := range []string{"none", "rich.test"} { // which is not made yet
		w.as(token, "GET", "/v1/credit?site="+at, "").refused(404, "not_found")
	}
	w.post("/v1/test", "").is(200)
	w.as(token, "GET", "/v1/credit?site=rich.test", "").is(200)
	w.as(w.session(w.person("lee@example.com", "poor", access.Owner).ID, never), "GET", "/v1/credit?site=rich.test", "").refused(404, "not_found")
	w.as(token, "GET", "/v1/credit/withdrawals?site=*", "").refused(404, "not_found")
	support := w.session(w.person("support@example.com", "", access.Support).ID, never)
	w.as(support, "GET", "/v1/credit/withdrawals?site=*", "").is(200)
	w.as(token, "GET", "/v1/credit/payments?site=*", "").refused(404, "not_found")
	w.as(support, "GET", "/v1/credit/payments?site=*", "").is(200)
	w.as(support, "GET", "/v1/credit?site=none", "").refused(404, "not_found")
	if got := w.as(w.rich, "GET", "/v1/me", "").is(200).json(); got["person"] != nil || got["site"] != "rich" {
		t.Errorf("got %v", got)
	}
}

func TestAPersonalTokenMayWhatItsPersonMayAtThatMoment(t *testing.T) {
	w := onSQLite(t)
	kim := w.person("kim@example.com", "rich", access.Sender)
	w.enrol(kim.ID)
	session := w.session(kim.ID, 0)
	made := w.as(session, "POST", "/v1/me/tokens", `{"name":"laptop","abilities":["messages:write","messages:read","credit:read"]}`).is(201)
	token := text1(t, made, "token")
	sent := w.as(token, "POST", "/v1/messages", text).is(202)
	w.as(token, "GET", "/v1/credit", "").refused(403, "forbidden")
	w.as(token, "GET", "/v1/contacts", "").refused(403, "forbidden")
	w.as(token, "GET", "/v1/me/tokens", "").refused(403, "forbidden")
	w.as(w.rich, "GET", "/v1/tokens/"+text1(t, made, "id"), "").refused(404, "not_found")
	if n := len(w.as(session, "GET", "/v1/me/tokens", "").rows()); n != 1 {
		t.Errorf("got %d personal tokens", n)
	}
	var by string
	w.update(func(tx *db.Tx) error {
		m, err := message.Find(tx, message.Key{Site: "rich", ID: idOf(t, id.Message, text1(t, sent, "id"))})
		if err != nil {
			return err
		}
		c, err := w.messages.Content(tx, m)
		by = c.Checked.By
		return err
	})
	if by != kim.ID.Text(id.User) {
		t.Errorf("the message was sent by %s, want the person", by)
	}
	w.update(func(tx *db.Tx) error {
		return w.people.SetRoles(tx, byCommand, kim.ID, "rich", []string{access.Finance})
	})
	w.as(token, "POST", "/v1/messages", text).refused(403, "forbidden")
	w.as(token, "GET", "/v1/credit", "").is(200)
	w.update(func(tx *db.Tx) error { return w.people.SetState(tx, byCommand, kim.ID, access.Disabled) })
	w.as(token, "GET", "/v1/credit", "").refused(401, "unauthenticated")
}

func idOf(t testing.TB, prefix, text string) id.ID {
	t.Helper()
	out, err := id.Parse(prefix, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A person's several sessions and tokens are one: none of them approves what another one sent.
func TestWhoSentAMessageDoesNotApproveItHoweverHeSignsIn(t *testing.T) {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error {
		above := int64(1)
		_, err := site.SetRules(tx, "rich", site.RulesChange{ReviewAbove: &above})
		return err
	})
	kim, lee := w.person("kim@example.com", "rich", access.Owner), w.person("lee@example.com", "rich", access.Owner)
	const two = `{"strategy":"sms_only","text":{"body":"안녕하세요"},"recipients":[{"to":"01012345678"},{"to":"01012345679"}]}`
	sent := w.as(w.session(kim.ID, never), "POST", "/v1/messages", two).is(202)
	path := "/v1/messages/" + text1(t, sent, "id")
	w.as(w.session(kim.ID, never), "POST", path+"/approve", "").refused(403, "forbidden")
	w.as(w.session(lee.ID, never), "POST", path+"/approve", "").is(200)
	review, _ := w.get(path).json()["review"].(map[string]any)
	if review["asked_by"] != kim.ID.Text(id.User) || review["decided_by"] != lee.ID.Text(id.User) {
		t.Errorf("got %v", review)
	}
}

// Replies that are kept under a key are each caller's own.
func TestAKeyOfAPersonIsNotTheSites(t *testing.T) {
	w := onSQLite(t)
	kim := w.person("kim@example.com", "rich", access.Sender)
	session := w.session(kim.ID, never)
	send := func(token string) got {
		return w.do(ask{method: "POST", path: "/v1/messages", token: token, key: "k", body: text}).is(http.StatusAccepted)
	}
	a, b, again := send(w.rich), send(session), send(w.session(kim.ID, never))
	if a.json()["id"] == b.json()["id"] || again.json()["id"] != b.json()["id"] || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %v, %v and %v; want the person's key apart from the site's, and one for all his sessions", a.json()["id"], b.json()["id"], again.json()["id"])
	}
}

func TestAnOpenSessionDoesNotTakeItsOwnAccountOver(t *testing.T) {
	w := onSQLite(t)
	for email, role := range map[string]string{"kim@example.com": access.Owner, "chief@example.com": access.Operator} {
		user := w.person(email, map[string]string{access.Owner: "rich"}[role], role)
		w.enrol(user.ID)
		token, path := w.session(user.ID, 0), "/v1/users/"+user.ID.Text(id.User)
		w.as(token, "POST", path+"/password", "").refused(409, "state_conflict")
		w.as(token, "DELETE", path+"/second-factor", "").refused(409, "state_conflict")
		w.as(token, "GET", "/v1/me", "").is(200)
	}
}

// An operator gives further roles where somebody has one; where he has none he is asked first, on
// the whole installation as on a site.
func TestAnOperatorAsksWhoHasNoRoleThereToo(t *testing.T) {
	w := onSQLite(t)
	kim, lee := w.person("kim@example.com", "rich", access.Viewer), w.person("lee@example.com", "", access.Support)
	path := "/v1/users/" + kim.ID.Text(id.User)
	w.as(w.operator, "PATCH", path, `{"roles":["support"]}`).refused(404, "not_found")
	w.as(w.operator, "PATCH", path+"?site=poor", `{"roles":["viewer"]}`).refused(404, "not_found")
	if got := w.as(w.operator, "GET", path, "").is(200).json()["everywhere"].([]any); len(got) != 1 {
		t.Errorf("he has %v", got)
	}
	w.as(w.operator, "PATCH", path+"?site=rich", `{"roles":["finance","sender"]}`).is(200)
	w.as(w.operator, "PATCH", "/v1/users/"+lee.ID.Text(id.User), `{"roles":["support","finance"]}`).is(200)
	w.as(w.operator, "PATCH", path, `{"state":"disabled"}`).is(200)
}

// Whether an address has an account is no business of whoever knows it, and nobody has to do with
// a site before he says yes.
func TestWhoIsInvitedSaysYesBeforeHeHasARole(t *testing.T) {
	w := onSQLite(t)
	kim := w.person("kim@example.com", "poor", access.Owner)
	owner := w.person("owner@example.com", "rich", access.Owner)
	w.enrol(owner.ID)
	token, mine := w.session(owner.ID, 0), w.session(kim.ID, never)
	invite := func(key, email string) got {
		return w.do(ask{method: "POST", path: "/v1/users", token: token, key: key, body: `{"email":"` + email + `","name":"이두리","roles":["viewer"]}`}).is(201)
	}
	known, fresh := invite("k1", "kim@example.com"), invite("k2", "new@example.com")
	members := func(g got) (names []string) {
		for name, v := range g.json() {
			if text, is := v.(string); is {
				v = len(text)
			}
			names = append(names, fmt.Sprint(name, " ", v))
		}
		slices.Sort(names)
		return names
	}
	other := strings.ReplaceAll(fmt.Sprint(members(fresh)), fmt.Sprint(len("new@example.com")), fmt.Sprint(len("kim@example.com")))
	if fmt.Sprint(members(known)) != other {
		t.Errorf("who has an account is told as %v, and who has none as %v", members(known), members(fresh))
	}
	if again := invite("k1", "kim@example.com"); string(again.body) != string(known.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("repeated under its key: got %s, first %s", again.body, known.body)
	}
	w.as(mine, "GET", "/v1/credit?site=rich", "").refused(404, "not_found")
	asked := w.as(mine, "GET", "/v1/me/invitations", "").rows()
	if len(asked) != 1 || asked[0]["site"] != "rich" || asked[0]["id"] != known.json()["id"] {
		t.Errorf("he is asked %v", asked)
	}
	path := "/v1/me/invitations/" + text1(t, known, "id")
	w.as(mine, "POST", path+"/accept", `{"password":"`+staffPassword+`"}`).refused(403, "forbidden")
	w.as(w.session(owner.ID, never), "POST", path+"/accept", `{"password":"`+text1(t, known, "password")+`"}`).refused(404, "not_found")
	w.as(mine, "POST", path+"/accept", `{"password":"`+text1(t, known, "password")+`"}`).is(204)
	w.as(mine, "GET", "/v1/credit?site=rich", "").is(200)
	w.as(mine, "POST", "/v1/me/roles/leave", `{"site":"rich","role":"viewer"}`).is(204)
	w.as(mine, "POST", "/v1/me/roles/leave", `{"role":"viewer"}`).refused(404, "not_found")
	w.as(mine, "GET", "/v1/credit?site=rich", "").refused(404, "not_found")
	w.as(token, "PATCH", "/v1/users/"+kim.ID.Text(id.User), `{"roles":["viewer"]}`).refused(404, "not_found")

	second := "/v1/me/invitations/" + text1(t, invite("k3", "kim@example.com"), "id")
	w.as(mine, "DELETE", second, "").is(204)
	w.as(mine, "DELETE", second, "").refused(404, "not_found")
	w.as(token, "DELETE", "/v1/invitations/"+text1(t, fresh, "id"), "").is(204)
	w.as("", "POST", "/v1/sessions", `{"email":"new@example.com","password":"`+text1(t, fresh, "password")+`"}`).refused(401, "unauthenticated")
}

// A repeat that comes before the first reply must not leave the person with a password that nobody
// was told.
func TestAPasswordIsResetOnceUnderItsKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		lee := w.person("lee@example.com", "rich", access.Viewer)
		token := w.kim()
		told := make([]got, 4)
		var all sync.WaitGroup
		for i := range told {
			all.Go(func() {
				told[i] = w.do(ask{method: "POST", path: "/v1/users/" + lee.ID.Text(id.User) + "/password", token: token, key: "k"})
			})
		}
		all.Wait()
		for _, g := range told {
			w.as("", "POST", "/v1/sessions", `{"email":"lee@example.com","password":"`+text1(t, g.is(200), "password")+`"}`).is(201)
		}
	})
}

func TestASessionIsNoTokenAndATokenNoSession(t *testing.T) {
	w := onSQLite(t)
	kim := w.person("kim@example.com", "rich", access.Owner)
	w.enrol(kim.ID)
	session, other := w.session(kim.ID, 0), w.session(kim.ID, 0)
	made := w.as(session, "POST", "/v1/me/tokens", `{"name":"laptop","abilities":["messages:read"]}`).is(201)
	token, tokenID := text1(t, made, "token"), text1(t, made, "id")
	var sessionID string
	for _, row := range w.as(other, "GET", "/v1/sessions", "").rows() {
		if row["current"] == true {
			sessionID = row["id"].(string)
		}
	}
	w.as(session, "DELETE", "/v1/sessions/"+tokenID, "").refused(404, "not_found")
	w.as(token, "GET", "/v1/me", "").is(200)
	for method, path := range map[string]string{"GET": "", "DELETE": "", "PATCH": "", "POST": "/rotate"} {
		body := map[string]string{"PATCH": `{"name":"x"}`}[method]
		w.as(session, method, "/v1/me/tokens/"+sessionID+path, body).refused(404, "not_found")
	}
	w.as(other, "GET", "/v1/me", "").is(200)
	w.as(session, "DELETE", "/v1/sessions/"+sessionID, "").is(204)
	w.as(session, "DELETE", "/v1/me/tokens/"+tokenID, "").is(204)
	w.as(other, "GET", "/v1/me", "").refused(401, "unauthenticated")
	w.as(token, "GET", "/v1/me", "").refused(401, "unauthenticated")
}

func TestAListOfRolesEndsWhateverGoesMeanwhile(t *testing.T) {
	w := onSQLite(t)
	for _, name := range []string{"aa", "bb", "cc", "dd"} {
		w.post("/v1/roles", `{"name":"`+name+`","permissions":["messages"]}`).is(201)
	}
	page := w.get("/v1/roles?limit=8").is(200) // the six, aa and bb
	w.as(w.rich, "DELETE", "/v1/roles/bb", "").is(204)
	rest := w.get("/v1/roles?limit=8&cursor=" + page.cursor()).is(200)
	if got := rest.rows(); len(got) != 2 || got[0]["name"] != "cc" || got[1]["name"] != "dd" || rest.json()["has_more"] != false {
		t.Errorf("after a role that is gone come %v", got)
	}
}
