package test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/api/apitest"
	"creditmsg/internal/db"
	"creditmsg/internal/server"
)

const (
	asking = "demo-rich"  // the site that asks
	hidden = "demo-cheap" // the site that must not be seen
	// mark stands in every name, text and note of the hidden site; nobody else writes it.
	mark = "zqxbee"
)

// hiddenNumbers are the numbers of the hidden site's people, put in the place of those of the
// document's examples.
var hiddenNumbers = []string{"01073195801", "01073195802", "01073195803", "01073195804", "01073195805", "01073195806", hiddenSender}

// hiddenSender is a sender number of the hidden site.
const hiddenSender = "0273199999"

// asked is the demo of the real program with two sites full of things, and what was learned
// of each.
type asked struct {
	*testing.T
	program  *running
	office   *server.Operator
	demo     server.Demo
	callers  []string // the ids of whose requests are made: tokens, sessions and a person
	database string
	document *apitest.Document
	address  string
	wire     *wire
	log      *trouble
	bearer   map[string]string // the Authorization header, by whose it is
	owner    string            // of the hidden site
	mine     *apitest.Known
	theirs   *apitest.Known
	secret   map[string]bool // ids that only the hidden site has
	whole    bool            // both sites have all that the examples make
}

// trouble keeps what the program logs as warnings and errors.
type trouble struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *trouble) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// found gives the lines that tell of a mistake of the program's own.
func (l *trouble) found() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, "panic") || strings.Contains(line, "level=ERROR") {
			lines = append(lines, line)
		}
	}
	return lines
}

// newAsked starts the demo and fills both sites.
func newAsked(t *testing.T, database string) *asked {
	t.Helper()
	c, err := server.LoadConfig("", []string{"CREDITMSG_DATABASE_URL=" + database, "CREDITMSG_LISTEN=127.0.0.1:0",
		"CREDITMSG_LIMITS_FAILURES_PER_MINUTE=0", // one in ten requests here is made without a token that counts
		"CREDITMSG_PAYMENTS_REQUEST_TIMEOUT=2s",  // a payment is looked at once more after twice as long, and then rests
		"CREDITMSG_BLOB_URL=file:" + filepath.Join(t.TempDir(), "blobs")})
	if err != nil {
		t.Fatal(err)
	}
	a := &asked{T: t, database: database, log: &trouble{}}
	o := server.DemoOptions{Dir: t.TempDir()}
	o.Roles, o.Simulator = server.Roles, server.SimulatorOptions{Pace: 5 * time.Millisecond}
	o.Log = slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, demo, err := server.OpenDemo(within(t), c, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	a.program = &running{p, t, stop, make(chan error, 1)}
	go func() { a.program.ended <- p.Run(ctx) }()
	t.Cleanup(a.program.halt)
	a.office = operator(t, c)
	a.address = strings.TrimPrefix(p.URL(), "http://")
	a.wire = &wire{address: a.address}
	t.Cleanup(a.wire.close)
	res, err := http.Get(p.URL() + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	if a.document, err = apitest.Read(text.Bytes()); err != nil {
		t.Fatal(err)
	}
	a.mine, a.theirs = apitest.NewKnown(a.document), apitest.NewKnown(a.document)
	a.demo = demo
	a.tokens()
	a.furnish()
	return a
}

// tokens gives everybody his token, or a new one: in the name of all of them some are revoked.
func (a *asked) tokens() {
	a.Helper()
	made := func(abilities ...string) server.NewToken {
		t, err := a.office.CreateToken(within(a.T), asking, "fuzz", abilities, "")
		if err != nil {
			a.Fatal(err)
		}
		a.callers = append(a.callers, t.ID)
		return t
	}
	gone := made("*")
	if _, err := a.office.RevokeToken(within(a.T), gone.ID); err != nil {
		a.Fatal(err)
	}
	person := a.bearer[apitest.Person] // whose session stays: who signs in too often has to wait
	if person == "" {
		person = "Bearer " + a.signedIn()
	}
	a.owner = "Bearer " + a.demo.Tokens[hidden]
	a.bearer = map[string]string{
		apitest.Owner: "Bearer " + made("*").Secret, apitest.Viewer: "Bearer " + made("messages:read", "templates:read").Secret,
		apitest.Person:  person,
		apitest.Revoked: "Bearer " + gone.Secret, apitest.Nobody: "", apitest.Stranger: "Bearer cm_live_" + strings.Repeat("x", 40),
		apitest.Operator: "Bearer " + a.demo.Tokens["operator"],
	}
}

// signedIn opens a session of the asking site's owner.
func (a *asked) signedIn() string {
	a.Helper()
	i := slices.IndexFunc(a.demo.Logins, func(l server.DemoLogin) bool { return l.Site == asking && l.Role == "owner" })
	s, err := caller(a.T, "http://"+a.address, "").SignIn(within(a.T), a.demo.Logins[i].Email, a.demo.Logins[i].Password, "")
	if err != nil {
		a.Fatal(err)
	}
	a.callers = append(a.callers, s.UserID, s.ID)
	return s.Secret
}

// furnish makes the document's examples for both sites, those of the hidden one marked, and
// learns what each has.
func (a *asked) furnish() {
	a.Helper()
	for _, known := range []*apitest.Known{a.theirs, a.mine} {
		for range 2 { // some need what others make
			for _, method := range []string{"PUT", "POST", "GET"} {
				a.examples(known, method)
			}
			a.booked(known)
		}
	}
	a.settle()
	a.whole = true
	for _, known := range []*apitest.Known{a.theirs, a.mine} {
		a.examples(known, "GET")
	}
	a.secret = map[string]bool{}
	for _, id := range a.theirs.IDs() {
		if !a.mine.Owns(id) {
			a.secret[id] = true
		}
	}
	if len(a.secret) < 20 {
		a.Fatalf("the hidden site has only %d things", len(a.secret))
	}
}

// booked has the operator book what a site has to pay, and make what is the installation's.
func (a *asked) booked(known *apitest.Known) {
	a.Helper()
	site := asking
	if known == a.theirs {
		site = hidden
	}
	for _, op := range a.document.Operations() {
		own := slices.ContainsFunc(op.Parameters, func(p apitest.Parameter) bool { return p.Name == "site" })
		if op.Ability != "operator" || op.Method != "POST" || op.ID != "bookPayment" && (own || known == a.theirs) {
			continue
		}
		r, err := a.document.Example(op, known)
		if err != nil {
			a.Fatal(err)
		}
		if own {
			r.Target += "?site=" + site
		}
		reply := a.get(r, a.bearer[apitest.Operator])
		known.Learn(op, r.Target, reply.Status, reply.Body)
	}
}

// settled are the operations that must not be made on the way: they end what is there.
var settled = regexp.MustCompile(`^(cancel|reject|withdraw|remove|take|pause)|^set(Alerts|AutoRecharge|Caps|SendingRules)$`)

func (a *asked) examples(known *apitest.Known, method string) {
	a.Helper()
	who := a.bearer[apitest.Owner]
	if known == a.theirs {
		who = a.owner
	}
	for _, op := range a.document.Operations() {
		if op.Method != method || op.Ability == "operator" || op.Ability == "" || settled.MatchString(op.ID) {
			continue
		}
		r, err := a.document.Example(op, known)
		if err != nil {
			a.Fatal(err)
		}
		if who == a.owner {
			r = marked(r)
		}
		reply := a.get(a.spared(r), who)
		known.Learn(op, r.Target, reply.Status, reply.Body)
		if a.whole && method == "GET" && who == a.owner {
			a.filled(op, reply)
		}
	}
}

// empty are lists that the examples do not fill for a site, and why.
var empty = map[string]string{
	"listFirings":           "a series fires by the hour",
	"listPrices":            "what a site pays is not its own writing",
	"listGateways":          "they are the installation's",
	"listRefundRequests":    "there is no usage to refund before somebody was reached",
	"listWithdrawals":       "there is no payment to withdraw before somebody pays",
	"listBlockedWords":      "operators set them",
	"listStatements":        "a month begins with its first entry, which has no words",
	"listEntries":           "entries have notes alone, which its payments give them",
	"listUsages":            "they count",
	"listChannelCategories": "they are the vendor's",
	"listKakaoAccounts":     "they are the installation's",
	"listLists":             "what is in a form is not marked; its id is looked for",
	"listPayments":          "who pays is told to the gateway alone",
	"listSendLogs":          "it shows numbers, which are marked by themselves",
	"listOptOuts":           "it shows numbers, which are marked by themselves",
	"listRecipients":        "it shows numbers, which are marked by themselves",
	"listAttachments":       "their names are in the address",
	"listKakaoChannels":     "their names are a pattern",
	"listAuditSeals":        "a day is sealed once it is over",
	"listErasures":          "who is forgotten is shown no more",
	"listEvents":            "they name things by their ids",
	"listEventTypes":        "they are the product's",
	"listWebhookDeliveries": "they are of events",
	"listUploads":           "what has arrived is not shown",
	"listPersonalTokens":    "they are of people, and who asks here is a program",
	"listSessions":          "they are of people, and who asks here is a program",
	"listOwnInvitations":    "they are of people, and who asks here is a program",
	"listUsers":             "who is invited has not said yes; listInvitations shows them",
}

// filled wants a list of the hidden site to hold something that is marked: what it does not
// show, nobody could be caught reading.
func (a *asked) filled(op *apitest.Operation, reply apitest.Reply) {
	a.Helper()
	var list struct{ Data []json.RawMessage }
	if !strings.HasPrefix(op.ID, "list") || json.Unmarshal(reply.Body, &list) != nil {
		return
	}
	if why := empty[op.ID]; why == "" && !bytes.Contains(reply.Body, []byte(mark)) && !slices.ContainsFunc(hiddenNumbers, func(n string) bool { return bytes.Contains(reply.Body, []byte(n)) }) {
		a.Errorf("%s of the hidden site shows nothing marked: write an example that fills it in internal/api/examples.go, or a reason in test/requests_world_test.go: %.300s", op.ID, reply.Body)
	}
}

var (
	mobile = regexp.MustCompile(`010-?\d{4}-?\d{4}`)
	// freely are the members in which anything may be written.
	freely = regexp.MustCompile(`("(?:name|title|body|reason|comment|evidence|description|address|representative|이름|등급|order|holder)": ?")([^"]*)"`)
)

// marked is a request with everything that can bear the mark marked.
func marked(r apitest.Request) apitest.Request {
	body := mobile.ReplaceAllStringFunc(string(r.Body), func(number string) string {
		return hiddenNumbers[int(crc32.ChecksumIEEE([]byte(number)))%(len(hiddenNumbers)-1)]
	})
	body = strings.ReplaceAll(body, "02-6123-9999", hiddenSender)
	body = freely.ReplaceAllString(body, `${1}${2}`+mark+`"`)
	body = strings.ReplaceAll(body, "@flowers"+mark, "@flowers")
	r.Body = []byte(body)
	r.Target = strings.NewReplacer("0261239999", hiddenSender, "lms-by-kakao", "lms-"+mark, "name=", "name="+mark).Replace(mobile.ReplaceAllString(r.Target, hiddenNumbers[0]))
	return r
}

// get makes a request with an Authorization header.
func (a *asked) get(r apitest.Request, authorization string) apitest.Reply {
	a.Helper()
	reply, err := a.wire.say(r.Method, r.Bytes(a.address, authorization))
	if err != nil {
		a.Fatalf("%v\n%s", err, r)
	}
	path, _, _ := strings.Cut(r.Target, "?")
	reply.Method, reply.Path = r.Method, path
	return reply
}

// settle waits until nothing of the hidden site is under way.
func (a *asked) settle() {
	a.Helper()
	shop := caller(a.T, "http://"+a.address, strings.TrimPrefix(a.owner, "Bearer "))
	a.quieten(shop)
	a.without("kind = 'payment'")
	a.inspected(shop)
	for _, id := range a.theirs.IDs() {
		if strings.HasPrefix(id, "msg_") {
			if m, err := shop.Message(within(a.T), id); err == nil && m.Status == "accepted" {
				if _, err := shop.Wait(within(a.T), id, nil); err != nil {
					a.Fatal(err)
				}
			}
		}
	}
}

// inspected has the vendors asked about the hidden site's templates until each was inspected: else that
// would be heard of minutes later, on the way.
func (a *asked) inspected(shop *client.Client) {
	a.Helper()
	eventually(a.T, func() error {
		list, err := shop.Templates(within(a.T), client.Paging{})
		for _, one := range list.Data {
			if err == nil && one.State == "inspecting" {
				if _, err = shop.SyncTemplate(within(a.T), one.Code, client.TemplateWish{}); err == nil {
					err = fmt.Errorf("the template %s is still being inspected", one.Code)
				}
			}
		}
		return err
	})
}

// quieten ends what is sent to the hidden site's endpoints of webhooks, which nobody answers for.
func (a *asked) quieten(shop *client.Client) {
	a.Helper()
	list, err := shop.WebhookEndpoints(within(a.T), client.Paging{})
	if err != nil {
		a.Fatal(err)
	}
	for _, e := range list.Data {
		if _, err := shop.DisableWebhookEndpoint(within(a.T), e.ID); err != nil {
			a.Fatal(err)
		}
	}
	a.without("kind IN ('webhook', 'webhook_slow') AND lease IS NOT NULL")
}

// without waits until the hidden site has no such jobs.
func (a *asked) without(jobs string) {
	a.Helper()
	d := a.open()
	defer d.Close()
	eventually(a.T, func() error {
		var busy int
		err := d.View(within(a.T), "busy", func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM job WHERE site_id = ? AND `+jobs, hidden).Scan(&busy)
		})
		if err == nil && busy > 0 {
			err = fmt.Errorf("the hidden site has %d jobs: %s", busy, jobs)
		}
		return err
	})
}

func (a *asked) open() *db.DB {
	a.Helper()
	d, err := db.Open(within(a.T), a.database, db.Options{})
	if err != nil {
		a.Fatal(err)
	}
	return d
}

// moving are tables whose rows of a site change by themselves: what is due, when a token was
// used, and statistics, which are folded now and then. What a site sees of them is compared.
var moving = []string{"job", "site_token", "stat_day", "stat_delta"}

// siteTables are the tables with rows of sites.
func siteTables(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("../internal/db/migration/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no migrations: %v", err)
	}
	table := regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS (\w+) \((.*)`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if m := table.FindStringSubmatch(string(text)); m != nil && regexp.MustCompile(`\bsite_id\b`).MatchString(m[2]) && !slices.Contains(moving, m[1]) {
			all = append(all, m[1])
		}
	}
	return all
}

// digests are of all rows of the hidden site, by table.
func (a *asked) digests() map[string]string {
	a.Helper()
	d := a.open()
	defer d.Close()
	out := map[string]string{}
	for _, table := range siteTables(a.T) {
		err := d.View(within(a.T), "digest", func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT * FROM `+table+` WHERE site_id = ?`, hidden)
			if err != nil {
				return err
			}
			defer rows.Close()
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			var lines []string
			for rows.Next() {
				values, into := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				if err := rows.Scan(into...); err != nil {
					return err
				}
				lines = append(lines, fmt.Sprintf("%v", values))
			}
			slices.Sort(lines)
			sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
			out[table] = fmt.Sprintf("%d rows, %s", len(lines), hex.EncodeToString(sum[:8]))
			return rows.Err()
		})
		if err != nil {
			a.Fatalf("digest of %s: %v", table, err)
		}
	}
	return out
}

// anew is what is another in each reply: the request, and when a paper was made and signed.
var anew = regexp.MustCompile(`req_\w+|"(made_at|signature|next)":("[^"]*"|\[[^\]]*\])`)

// views are of everything that the hidden site reads, by operation.
func (a *asked) views() map[string]string {
	a.Helper()
	out := map[string]string{}
	for _, op := range a.document.Operations() {
		if op.Method != "GET" || op.Ability == "" || op.Ability == "operator" {
			continue
		}
		r, err := a.document.Example(op, a.theirs)
		if err != nil {
			a.Fatal(err)
		}
		reply := a.get(r, a.owner)
		body := anew.ReplaceAll(reply.Body, nil)
		sum := sha256.Sum256(body)
		out[op.ID] = fmt.Sprintf("%d, %s, %.2000s", reply.Status, hex.EncodeToString(sum[:8]), body)
	}
	return out
}

// differences are the keys whose values differ.
func differences(a, b map[string]string) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if a[key] != b[key] {
			out = append(out, fmt.Sprintf("%s: %s, then %s", key, a[key], b[key]))
		}
	}
	return out
}
