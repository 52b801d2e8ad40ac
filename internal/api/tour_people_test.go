package api

import (
	"maps"
	"strings"

	"creditmsg/internal/access"
	"creditmsg/internal/api/apitest"
	"creditmsg/internal/id"
)

// crew is who makes the examples of people: kim, an owner.
type crew struct {
	*world
	kim     access.User
	session string // his
	secret  string // of his second factor, once he has one
	codes   []int  // the half minutes whose codes he has left
	test    string // a token of the test site
	invited string // the password of an invitation of his
	forgot  string // the token of somebody's link
	decides string // the session of somebody who decides about refunds
}

// employ has kim work for the site.
func (tr *traveller) employ() {
	tr.people = crew{world: tr.world, kim: tr.person("kim@shop.example", "rich", access.Owner), codes: []int{-1, 0, 1}}
	tr.people.session = tr.session(tr.people.kim.ID, 0)
}

// truly puts his password and a code that counts in the place of the examples'.
func (s *crew) truly(body string) string {
	if s.secret != "" && strings.Contains(body, `"code":"123456"`) {
		body = strings.Replace(body, "123456", s.code(s.secret, s.codes[0]), 1)
		s.codes = s.codes[1:]
	}
	return strings.NewReplacer(examplePassword, staffPassword, exampleInvitation, s.invited, exampleReset, s.forgot).Replace(body)
}

// invites has the operator ask kim to have a role at another site.
func (tr *traveller) invites(site string) {
	asked := tr.operate("POST", "/v1/users?site="+site, `{"email":"kim@shop.example","roles":["viewer"]}`).is(201)
	tr.people.invited = asked.json()["password"].(string)
	newest := *tr.operation("listOwnInvitations")
	newest.Method = "POST" // what is made is newer than what is listed
	tr.known.Learn(&newest, newest.Path, asked.status, asked.body)
}

// whose token an operation's example has.
func (tr *traveller) whose(op *apitest.Operation) string {
	switch {
	case op.Ability == "operator" || op.ID == "setSender": // whose state only operators set
		return tr.operator
	case op.ID == "approveRefundRequest" || op.ID == "rejectRefundRequest": // a person, and another than who asked
		return tr.people.decides
	case op.Ability == "messages:approve": // another than who sent it
		return tr.token("rich", "*")
	case op.Ability == "person" || strings.HasPrefix(op.Path, "/v1/users") || op.ID == "getMe":
		return tr.people.session
	case strings.HasPrefix(op.Path, "/v1/test/") && op.ID != "createTestToken":
		return tr.people.test
	case op.Ability != "":
		return tr.rich
	}
	return ""
}

func init() {
	maps.Copy(before, map[string]func(*traveller){
		"confirmSecondFactor": func(tr *traveller) {
			begun := tr.as(tr.people.session, "POST", "/v1/me/second-factor", `{"password":"`+staffPassword+`"}`).is(200).json()
			tr.people.secret = begun["secret"].(string)
		},
		"createTestToken": func(tr *traveller) { tr.people.test = tr.testToken(`"*"`) },
		"setTokenLimits": func(tr *traveller) {
			made := tr.operate("POST", "/v1/tokens?site=flowers", exampleToken).is(201)
			op := tr.operation("setTokenLimits")
			tr.known.Learn(op, op.Path, made.status, made.body)
		},
		"finishPasswordReset": func(tr *traveller) {
			tr.person("choi@shop.example", "rich", access.Viewer)
			tr.people.forgot = tr.resetToken("choi@shop.example")
		},
		"listInbox":          func(tr *traveller) { tr.told() },
		"listOwnInvitations": func(tr *traveller) { tr.invites("flowers") },
		"declineInvitation":  func(tr *traveller) { tr.invites("poor") },
		"changeUser": func(tr *traveller) {
			lee := tr.person("park@shop.example", "rich", access.Viewer).ID.Text(id.User)
			shown := tr.as(tr.people.session, "GET", "/v1/users/"+lee, "").is(200)
			tr.known.Learn(tr.operation("getUser"), "/v1/users/"+lee, shown.status, shown.body)
		},
		"cancelRun":               func(tr *traveller) { tr.made("beginRun") },
		"removeUpload":            func(tr *traveller) { tr.made("beginUpload") },
		"replayWebhookDeliveries": func(tr *traveller) { tr.made("listWebhookDeliveries") },
		"eraseSite": func(tr *traveller) {
			tr.operate("PUT", "/v1/sites/flowers/plan", `{"plan":null}`).is(200) // a plan that a site has cannot be removed
		},
		"dropSecondFactor": func(tr *traveller) {
			lee := tr.person("lim@shop.example", "rich", access.Viewer)
			tr.enrol(lee.ID)
			shown := tr.as(tr.people.session, "GET", "/v1/users/"+lee.ID.Text(id.User), "").is(200)
			tr.known.Learn(tr.operation("getUser"), "/v1/users/"+lee.ID.Text(id.User), shown.status, shown.body)
		},
	})
}
