package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
)

const wholeScenario = `
# every key
seed: 42
accept_delay: 50ms
report_delay: "0s"
answer_delay: 5ms
refuse:
  "1060": 0.01
  1062: "0.02"
fail: {"3104": 0.5}
duplicate: 0.1
reorder: 0.2
late: .05
http_429: 0.01
http_5xx_before: 0.02
http_5xx_after: 1e-2
cut: 0
timeout: 0.9
balance: 1500.5
senders: ["02-6123-4567", 15881234]
inspector: reject
inspector_says: 다시 쓰세요
lookup: false
`

func TestAScenarioIsReadFromYAMLAndJSON(t *testing.T) {
	balance := 1500*money.Won + 5000
	want := Scenario{Seed: 42, AcceptDelay: 50 * time.Millisecond, ReportDelay: -1, AnswerDelay: 5 * time.Millisecond,
		Refuse: map[string]float64{"1060": 0.01, "1062": 0.02}, Fail: map[string]float64{"3104": 0.5},
		Duplicate: 0.1, Reorder: 0.2, Late: 0.05, TooMany: 0.01, ErrorBefore: 0.02, ErrorAfter: 0.01, Timeout: 0.9,
		Balance: &balance, Senders: []string{"0261234567", "15881234"}, Inspector: "reject", InspectorSays: "다시 쓰세요", NoLookup: true}
	tabs := "{\n\t\"seed\": 42,\n\t\"accept_delay\": \"50ms\", \"report_delay\": \"0\", \"answer_delay\": \"5ms\",\n\t\"refuse\": {\"1060\": 0.01, \"1062\": \"0.02\"},\n" +
		"\t\"fail\": {\"3104\": 0.5}, \"duplicate\": 0.1, \"reorder\": 0.2, \"late\": 0.05,\n\t\"http_429\": 0.01, \"http_5xx_before\": 0.02, " +
		"\"http_5xx_after\": 0.01, \"cut\": 0, \"timeout\": 0.9, \"balance\": \"1500.50\", " +
		"\"senders\": [\"0261234567\", \"1588-1234\"], \"inspector\": \"reject\", \"inspector_says\": \"다시 쓰세요\", \"lookup\": false}"
	for name, c := range map[string]struct {
		text string
		want Scenario
	}{
		"YAML":            {wholeScenario, want},
		"JSON":            {tabs, want},
		"nothing":         {"", Scenario{}},
		"a comment alone": {"# nothing\n", Scenario{}},
		"empty JSON":      {"{}", Scenario{}},
		"keys left empty": {"seed:\nfail:\nlate: 0.5\nbalance: null\n", Scenario{Late: 0.5}},
		"a whole share":   {"cut: 1", Scenario{Cut: 1}},
		"tenths":          {"fail: {3101: 0.1, 3102: 0.2, 3103: 0.7}", Scenario{Fail: map[string]float64{"3101": 0.1, "3102": 0.2, "3103": 0.7}}},
		"an empty table":  {"refuse: {}", Scenario{Refuse: map[string]float64{}}},
	} {
		got, err := ParseScenario([]byte(c.text))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestAMisreadScenarioNamesLineAndKey(t *testing.T) {
	for text, want := range map[string]Misreading{
		"seed: 1\nhttp_420: 0.1":               {Line: 2, Key: "http_420", Detail: "unknown key"},
		"{\"seed\": 1,\n\n \"cuts\": 0.5}":     {Line: 3, Key: "cuts", Detail: "unknown key"},
		"cut: 1.5":                             {Line: 1, Key: "cut", Detail: "from 0 to 1"},
		"cut: -0.1":                            {Line: 1, Key: "cut", Detail: "from 0 to 1"},
		"cut: often":                           {Line: 1, Key: "cut", Detail: "from 0 to 1"},
		"cut: .nan":                            {Line: 1, Key: "cut", Detail: "from 0 to 1"},
		"cut: [1]":                             {Line: 1, Key: "cut", Detail: "from 0 to 1"},
		"seed: -1":                             {Line: 1, Key: "seed", Detail: "whole number"},
		"\nreport_delay: 5":                    {Line: 2, Key: "report_delay", Detail: "unit"},
		"accept_delay: -5s":                    {Line: 1, Key: "accept_delay", Detail: "unit"},
		"balance: -1":                          {Line: 1, Key: "balance", Detail: "won"},
		"balance: {a: 1}":                      {Line: 1, Key: "balance", Detail: "won"},
		"senders: 1":                           {Line: 1, Key: "senders", Detail: "list"},
		"senders: [hello]":                     {Line: 1, Key: "senders", Detail: "no sender number"},
		"inspector: me":                        {Line: 1, Key: "inspector", Detail: "approve, reject"},
		"lookup: sometimes":                    {Line: 1, Key: "lookup", Detail: "true or false"},
		"fail: 0.5":                            {Line: 1, Key: "fail", Detail: "block of keys"},
		"fail:\n  3104: 0.5\n  \"1060\": 0.1":  {Line: 3, Key: "fail.1060", Detail: "2001 to 3999"},
		"fail: {3000: 0.1}":                    {Line: 1, Key: "fail.3000", Detail: "2001 to 3999"},
		"refuse: {2000: 0.1}":                  {Line: 1, Key: "refuse.2000", Detail: "1000 to 1999"},
		"refuse: {1060: 2}":                    {Line: 1, Key: "refuse.1060", Detail: "from 0 to 1"},
		"refuse: {01060: 0.1}":                 {Line: 1, Key: "refuse.01060", Detail: "1000 to 1999"},
		"refuse:\n  1060: 0.6\n  1062: 0.5":    {Line: 3, Key: "refuse.1062", Detail: "more than 1 together"},
		"cut: 0.5\ntimeout: 0.4\nhttp_429: .2": {Line: 3, Key: "http_429", Detail: "more than 1 together"},
		"- 1":                                  {Line: 1, Detail: "block of keys"},
		"seed: 1\nseed: 2":                     {Line: 2, Detail: "cannot be read"},
		"seed: [":                              {Line: 1, Detail: "cannot be read"},
		"seed: 1\n---\nseed: 2":                {Line: 2, Detail: "second document"},
	} {
		_, err := ParseScenario([]byte(text))
		m, ok := errors.AsType[*Misreading](err)
		if !ok || m.Line != want.Line || m.Key != want.Key || !strings.Contains(m.Detail, want.Detail) {
			t.Errorf("%q: got %+v, want %+v", text, err, want)
		}
	}
}

func FuzzParseScenario(f *testing.F) {
	f.Add(wholeScenario)
	f.Add(`{"fail": {"3104": 0.5}, "cut": 1}`)
	f.Add("refuse: &a {1060: 1}\nfail: *a")
	f.Add("- - -\n? x\n: !!str y")
	f.Fuzz(func(t *testing.T, text string) {
		sc, err := ParseScenario([]byte(text))
		if _, placed := errors.AsType[*Misreading](err); err != nil && !placed {
			t.Fatalf("error without a place: %v", err)
		}
		if sc.requests() > wholeShare || sc.requests() < 0 {
			t.Fatalf("shares: got %v in %q", sc.requests(), text)
		}
	})
}

// scenario asks /_sim/scenario.
func scenario(t *testing.T, s *Simulator, method, body string, status int) map[string]any {
	t.Helper()
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest(method, "/_sim/scenario", strings.NewReader(body)))
	var got map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != status {
		t.Fatalf("%s scenario: got %d %s, want %d", method, rec.Code, rec.Body, status)
	}
	return got
}

func TestTheScenarioInForceIsShownReplacedAndResetToTheOneOfTheStart(t *testing.T) {
	s := New(Options{Seed: 5, AcceptDelay: -1, ReportDelay: time.Second, Scenario: Scenario{Late: 0.25}})
	start := scenario(t, s, "GET", "", 200)
	want := map[string]any{"seed": 5.0, "accept_delay": "0s", "report_delay": "1s", "answer_delay": "0s", "refuse": map[string]any{}, "fail": map[string]any{},
		"duplicate": 0.0, "reorder": 0.0, "late": 0.25, "http_429": 0.0, "http_5xx_before": 0.0, "http_5xx_after": 0.0, "cut": 0.0,
		"timeout": 0.0, "balance": nil, "lookup": true, "senders": []any{}, "inspector": "approve", "inspector_says": ""}
	if diff := cmp.Diff(want, start); diff != "" {
		t.Errorf("at the start (-want +got):\n%s", diff)
	}
	put := scenario(t, s, "PUT", wholeScenario, 200)
	if put["balance"] != "1500.50" || put["lookup"] != false || put["seed"] != 42.0 || put["report_delay"] != "0s" {
		t.Errorf("put: got %v", put)
	}
	text, _ := json.Marshal(put)
	if diff := cmp.Diff(put, scenario(t, s, "PUT", string(text), 200)); diff != "" {
		t.Errorf("what is shown and put again (-want +got):\n%s", diff)
	}
	no := scenario(t, s, "PUT", "late: 0.5\nhttp_420: 1", 400)
	if no["line"] != 2.0 || no["key"] != "http_420" || !strings.Contains(fmt.Sprint(no["error"]), "http_420") {
		t.Errorf("unknown key: got %v", no)
	}
	scenario(t, s, "PUT", strings.Repeat("#", scenarioLimit+1), 400)
	if diff := cmp.Diff(put, scenario(t, s, "GET", "", 200)); diff != "" {
		t.Errorf("after one that was refused (-want +got):\n%s", diff)
	}
	one := scenario(t, s, "PUT", "cut: 0.5", 200)
	if one["late"] != 0.0 || one["cut"] != 0.5 || one["seed"] != 5.0 {
		t.Errorf("another one: got %v, want nothing of the one before", one)
	}
	s.Reset()
	if diff := cmp.Diff(start, scenario(t, s, "GET", "", 200)); diff != "" {
		t.Errorf("after a reset (-want +got):\n%s", diff)
	}
}

// played sends n texts in groups of size, in this order of numbers, under a scenario,
// and gives how each number ended: its code at registration, or its reports.
func played(t *testing.T, sc Scenario, size int, numbers []string) map[string][]string {
	ends := map[string][]string{}
	inFakeTime(t, func(o *Options) { o.Scenario = sc }, func(t *testing.T, s *Simulator, w *wire) {
		for chunk := range slices.Chunk(numbers, size) {
			var messages []any
			for _, to := range chunk {
				messages = append(messages, text(to, "r"))
			}
			id := openGroup(t, s)
			var added resultReply
			if err := json.Unmarshal(ask(t, s, "PUT", "/messages/v4/groups/"+id+"/messages", map[string]any{"messages": messages}, http.StatusOK), &added); err != nil {
				t.Fatal(err)
			}
			for _, r := range added.ResultList {
				if r.StatusCode != "2000" {
					ends[r.To] = append(ends[r.To], r.StatusCode)
				}
			}
			if added.ErrorCount < len(chunk) {
				ask(t, s, "POST", "/messages/v4/groups/"+id+"/send", nil, http.StatusOK)
			}
		}
		start := time.Now()
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, c := range w.all() {
			for _, r := range c.reports {
				end := r.StatusCode
				if c.at.Sub(start) > time.Minute {
					end += " late"
				}
				ends[r.To] = append(ends[r.To], end)
			}
		}
		if got, want := len(s.Received()), len(numbers)-count(ends, func(end string) bool { return end[0] == '1' }); got != want {
			t.Errorf("taken: got %d, want the %d that were not refused", got, want)
		}
	})
	for _, list := range ends {
		slices.Sort(list) // when one number is sent to twice, delays may swap its reports
	}
	return ends
}

func count(ends map[string][]string, is func(string) bool) (n int) {
	for _, list := range ends {
		for _, end := range list {
			if is(end) {
				n++
			}
		}
	}
	return n
}

func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("010123%05d", i))
	}
	return list
}

var legScenario = Scenario{Seed: 3, Refuse: map[string]float64{"1060": 0.1, "1062": 0.05}, Fail: map[string]float64{"3104": 0.2, "2254": 0.1},
	Duplicate: 0.2, Late: 0.1, Reorder: 0.3}

func TestSharesOfLegsAndReportsAreKept(t *testing.T) {
	const n = 4000
	ends := played(t, legScenario, 1000, numbers(n))
	near := func(what string, got int, share float64) {
		t.Helper()
		if want := share * n; float64(got) < want*0.85 || float64(got) > want*1.15 {
			t.Errorf("%s: got %d, want about %v", what, got, want)
		}
	}
	has := func(code string) func(string) bool {
		return func(end string) bool { return strings.HasPrefix(end, code) }
	}
	near("1060", count(ends, has("1060")), 0.1)
	near("1062", count(ends, has("1062")), 0.05)
	const sent = 0.85
	near("3104", count(ends, has("3104")), 0.2*sent*1.2) // a duplicate counts twice
	near("2254", count(ends, has("2254")), 0.1*sent*1.2)
	near("late", count(ends, func(end string) bool { return strings.HasSuffix(end, "late") }), 0.1*sent*1.2)
	twice := 0
	for _, list := range ends {
		if len(list) == 2 {
			twice++
			if list[0] != list[1] {
				t.Errorf("a duplicate: got %v, want the same report twice", list)
			}
		}
	}
	near("duplicates", twice, 0.2*sent)
}

func TestTheSameSeedGivesTheSameFaultsInWhateverOrderAndGroups(t *testing.T) {
	order := numbers(500)
	order = append(order, order[:100]...) // some twice
	one := played(t, legScenario, 200, order)
	reversed := slices.Clone(order)
	slices.Reverse(reversed)
	if diff := cmp.Diff(one, played(t, legScenario, 37, reversed)); diff != "" {
		t.Errorf("another order (-want +got):\n%s", diff)
	}
	other := legScenario
	other.Seed++
	if maps.EqualFunc(one, played(t, other, 200, order), slices.Equal) {
		t.Error("another seed: got the same faults, want others")
	}
}

func TestANumberIsNotAlwaysMetByTheSameFate(t *testing.T) {
	var messages []any
	inFakeTime(t, func(o *Options) { o.Scenario = Scenario{Fail: map[string]float64{"3104": 0.5}} }, func(t *testing.T, s *Simulator, w *wire) {
		for range 40 {
			messages = append(messages, text(someone, "r"))
		}
		ask(t, s, "POST", "/messages/v4/send-many/detail", map[string]any{"messages": messages, "allowDuplicates": true}, http.StatusOK)
		time.Sleep(time.Minute)
		synctest.Wait()
		failed := 0
		for _, r := range w.reports() {
			if r.StatusCode == "3104" {
				failed++
			}
		}
		if failed < 10 || failed > 30 {
			t.Errorf("failed: got %d of 40, want about half", failed)
		}
	})
}
