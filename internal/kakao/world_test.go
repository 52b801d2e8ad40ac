package kakao

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/aligo"
	"creditmsg/internal/provider/nhncloud"
	"creditmsg/internal/provider/sendgo"
	"creditmsg/internal/provider/sens"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// world is the service over a real database, before simulated vendors behind a line that a test
// can break. Time stands still until the test moves it, and jobs run when the test says so.
type world struct {
	*testing.T
	d     *db.DB
	keys  *site.Keys
	queue *queue.Queue
	sim   *simulator.Simulator
	line  *line
	s     *Service
	now   atomic.Int64
	mine  map[string][]string // accounts of a site, where it has its own
}

// The ways in which the line breaks.
const (
	whole      = ""
	cutBefore  = "cut before"
	cutAfter   = "cut after"
	lostBefore = "502 before"
	lostAfter  = "502 after"
)

// line is the socket before the vendors. It breaks the next request that is not a question.
type line struct {
	vendor http.Handler
	mu     sync.Mutex
	how    string
	asked  []string // the acts that came
}

func (l *line) breakNext(how string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.how = how
}

// acts are the requests that changed something, since the last call.
func (l *line) acts() (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out, l.asked = l.asked, nil
	return out
}

func isQuestion(r *http.Request) bool {
	return r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/token") && strings.HasPrefix(r.URL.Path, "/api/") || strings.HasSuffix(r.URL.Path, "/list/")
}

func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	how := whole
	if !isQuestion(r) {
		l.mu.Lock()
		how, l.how = l.how, whole
		l.asked = append(l.asked, r.Method+" "+r.URL.Path)
		l.mu.Unlock()
	}
	if how == whole {
		l.vendor.ServeHTTP(w, r)
		return
	}
	if how == cutAfter || how == lostAfter {
		l.vendor.ServeHTTP(httptest.NewRecorder(), r)
	}
	if how == lostBefore || how == lostAfter {
		http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
		return
	}
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // nothing was written
	}
}

// each runs a test on every engine, with the sites shop and other.
func each(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := &world{T: t, sim: simulator.New(simulator.Options{Seed: 1}), mine: map[string][]string{}}
			w.now.Store(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC).UnixMicro())
			w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }})
			w.keys, w.queue = site.NewKeys(w.d, nil), queue.New(w.d, queue.Options{})
			w.must(w.keys.Prepare(t.Context()))
			w.line = &line{vendor: w.sim.Handler()}
			server := httptest.NewServer(w.line)
			t.Cleanup(server.Close)
			w.s = w.service(server.URL)
			w.play("inspector: wait")
			w.do(func(tx *db.Tx) error {
				for _, name := range []string{"shop", "other"} {
					if _, err := site.Create(tx, w.keys, name, name); err != nil {
						return err
					}
				}
				return nil
			})
			test(w)
		})
	}
}

// vendors are the accounts of the tests, with the ids that channels have there.
var vendors = []struct {
	name     string
	make     func(provider.Account) (provider.Provider, error)
	channel  string
	settings map[string]string
}{
	{"solapi", solapi.New, "KA01PF260101000000000AbCdEfGhIjK", nil},
	{"nhncloud", nhncloud.New, strings.Repeat("a", 40), nil},
	{"aligo", aligo.New, strings.Repeat("b", 40), nil},
	{"sendgo", sendgo.New, strings.Repeat("c", 40), nil},
	{"sens", sens.New, "@shop", map[string]string{"sms_service": "ncp:sms:kr:123456789012:p", "alimtalk_service": "ncp:kkobizmsg:kr:1234567:p"}},
}

// service makes the service of a process.
func (w *world) service(url string) *Service {
	w.Helper()
	var accounts []Account
	for _, v := range vendors {
		adapter, err := v.make(provider.Account{Name: v.name, Kind: v.name, URL: url, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret, Settings: v.settings})
		w.must(err)
		accounts = append(accounts, Account{v.name, adapter})
	}
	return New(w.d, w.keys, w.queue, accounts, Options{Accounts: func(siteID string) []string {
		if own := w.mine[siteID]; own != nil {
			return own
		}
		var all []string
		for _, v := range vendors {
			all = append(all, v.name)
		}
		return all
	}})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) do(fn func(tx *db.Tx) error) {
	w.Helper()
	w.must(w.d.Update(w.Context(), "test", fn))
}

func (w *world) view(fn func(tx *db.Tx) error) {
	w.Helper()
	w.must(w.d.View(w.Context(), "test", fn))
}

func (w *world) forward(d time.Duration) { w.now.Add(d.Microseconds()) }

// play puts a scenario into force.
func (w *world) play(scenario string) {
	w.Helper()
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/_sim/scenario", strings.NewReader(scenario)))
	if rec.Code != http.StatusOK {
		w.Fatalf("scenario: %d %s", rec.Code, rec.Body)
	}
}

// sheet is a template as a vendor has it.
type sheet struct {
	Vendor     string   `json:"vendor"`
	ChannelID  string   `json:"channel_id"`
	TemplateID string   `json:"template_id"`
	Name       string   `json:"name"`
	Content    string   `json:"content"`
	State      string   `json:"state"`
	Comments   []string `json:"comments"`
	Comment    string   `json:"comment,omitempty"`
}

// sheets are the templates that a vendor has.
func (w *world) sheets(vendor string) (out []sheet) {
	w.Helper()
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_sim/templates", nil))
	var all struct{ Data []sheet }
	w.must(json.Unmarshal(rec.Body.Bytes(), &all))
	for _, s := range all.Data {
		if s.Vendor == vendor {
			out = append(out, s)
		}
	}
	return out
}

// judge has a vendor's inspector put a template into a state.
func (w *world) judge(s sheet, state provider.TemplateState, comment string) {
	w.Helper()
	s.State, s.Comment = string(state), comment
	body, err := json.Marshal(s)
	w.must(err)
	rec := httptest.NewRecorder()
	w.sim.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/_sim/templates", strings.NewReader(string(body))))
	if rec.Code != http.StatusNoContent {
		w.Fatalf("judge: %d %s", rec.Code, rec.Body)
	}
}

// work runs the jobs that are due, and what they make due.
func (w *world) work() {
	w.Helper()
	for range 100 {
		ran := 0
		for _, k := range w.s.Works() {
			jobs, err := w.queue.Claim(w.Context(), k.Lane, []string{k.Kind}, 10)
			w.must(err)
			if ran += len(jobs); len(jobs) > 0 {
				w.must(k.Handle(w.Context(), jobs))
			}
		}
		if ran == 0 {
			return
		}
	}
	w.Fatal("jobs make each other due without end")
}

// channel makes the channel @shop of a site, known at every vendor as an operator sets it.
func (w *world) channel(siteID string) {
	w.Helper()
	w.do(func(tx *db.Tx) error {
		c := site.Channel{Site: siteID, Name: "@shop", SenderKey: "KEY", Providers: map[string]string{}}
		for _, v := range vendors {
			c.Providers[v.name] = v.channel
		}
		c, err := site.AddChannel(tx, c)
		if err != nil {
			return err
		}
		return w.s.Trust(tx, c)
	})
}

const wordedAs = "#{이름}님, 예약이 확정되었습니다."

// template makes a draft of the site shop.
func (w *world) template(code string, change ...func(*message.Template)) {
	w.Helper()
	w.do(func(tx *db.Tx) error {
		t := message.Template{Site: "shop", Code: code, Name: "예약 확정", Channel: "@shop", Body: wordedAs,
			Buttons: []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://m.example.com/#{번호}"}}}
		for _, c := range change {
			c(&t)
		}
		_, err := message.AddTemplate(tx, t)
		return err
	})
}

// reword gives a template another wording, as a site does.
func (w *world) reword(code, body string) {
	w.Helper()
	w.do(func(tx *db.Tx) error {
		t, err := message.FindTemplate(tx, "shop", code)
		if err != nil {
			return err
		}
		t.Body, t.State = body, message.TemplateDraft
		_, err = message.SetTemplate(tx, t)
		return err
	})
}

func (w *world) find(code string) (t message.Template) {
	w.Helper()
	w.view(func(tx *db.Tx) (err error) { t, err = message.FindTemplate(tx, "shop", code); return err })
	return t
}

var declaredPurpose = &provider.Purpose{Purpose: "TRANSACTIONAL", Basis: "CONTRACT", Benefit: "NONE", Expiry: "NONE", Confirmed: true}

// submit submits a template and runs its jobs; no accounts = all.
func (w *world) submit(code string, accounts ...string) {
	w.Helper()
	w.do(func(tx *db.Tx) error {
		return w.s.Submit(tx, Wish{Site: "shop", Code: code, Accounts: accounts, Purpose: declaredPurpose})
	})
	w.work()
}

// at is a template at an account.
func (w *world) at(code, account string) (out Registration) {
	w.Helper()
	w.view(func(tx *db.Tx) error {
		all, err := Registrations(tx, "shop", code)
		for _, r := range all[code] {
			if r.Account == account {
				out = r
			}
		}
		return err
	})
	return out
}

// told are the events of the site shop.
func (w *world) told() (all []string) {
	w.Helper()
	w.view(func(tx *db.Tx) error {
		list, err := event.List(tx, "shop", id.ID{}, 100)
		for _, e := range list {
			var data struct{ Code, Provider, State, Comment string }
			w.must(json.Unmarshal(e.Data, &data))
			if e.Ref != data.Code {
				w.Errorf("event of %s with the code %s", e.Ref, data.Code)
			}
			all = append(all, fmt.Sprintf("%s %s %s %s %s", e.Type, data.Code, data.Provider, data.State, data.Comment))
		}
		return err
	})
	return all
}
