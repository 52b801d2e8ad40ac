package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEveryNumberEndsAsTheContractSays(t *testing.T) {
	for _, c := range []struct {
		name, to       string
		reports        string // "TYPE code" in order: the Alimtalk alone, then the text alone
		kakao, handset string // outcomes at the handset
	}{
		{"any number", "01087654321", "ATA 4000, SMS 4000", "delivered", "delivered"},
		{"00 delivered", "01000001234", "ATA 4000, SMS 4000", "delivered", "delivered"},
		{"01 not on Kakao", "01000011234", "ATA 3104, SMS 4000", "failed", "delivered"},
		{"02 not on Kakao, text fails", "01000021234", "ATA 3104, SMS 3032", "failed", "failed"},
		{"03 text fails", "01000031234", "ATA 4000, SMS 3032", "delivered", "failed"},
		{"04 never a report", "01000041234", "", "pending", "pending"},
		{"05 report twice", "01000051234", "ATA 4000, ATA 4000, SMS 4000, SMS 4000", "delivered", "delivered"},
		{"06 late", "01000061234", "ATA 4000, SMS 4000", "delivered", "delivered"},
		{"07 contradicted", "01000071234", "ATA 3104, SMS 4000, ATA 4000", "failed", "delivered"},
		{"raw code 3059", "01000993059", "ATA 3059, SMS 3059", "failed", "failed"},
		{"raw code 2254", "01000992254", "ATA 2254, SMS 2254", "failed", "failed"},
		{"raw code nobody knows", "01000993999", "ATA 3999, SMS 3999", "failed", "failed"},
		{"raw code 4000", "01000994000", "ATA 4000, SMS 4000", "delivered", "delivered"},
		{"raw code 3000 is not final", "01000993000", "", "pending", "pending"},
		{"raw code 2000 is not final", "01000992000", "", "pending", "pending"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
				for _, m := range []any{alimtalk(c.to, "k"), text(c.to, "t")} {
					sendTogether(t, s, m)
					time.Sleep(2 * time.Minute)
					synctest.Wait()
				}
				var got []string
				for _, r := range w.reports() {
					got = append(got, r.Type+" "+r.StatusCode)
					if want := map[string]string{"ATA": "k", "SMS": "t"}[r.Type]; r.To != c.to || r.CustomFields["ref"] != want {
						t.Errorf("report: got %+v, want to %s with ref %s", r, c.to, want)
					}
					if (r.DateReceived != nil) != (r.StatusCode == "4000") {
						t.Errorf("received at: got %v for %s", r.DateReceived, r.StatusCode)
					}
				}
				if diff := cmp.Diff(c.reports, strings.Join(got, ", ")); diff != "" {
					t.Errorf("reports (-want +got):\n%s", diff)
				}
				rows := s.Received()
				if len(rows) != 2 || rows[0].Outcome != c.kakao || rows[1].Outcome != c.handset {
					t.Errorf("at the handset: got %+v, want %s then %s", rows, c.kakao, c.handset)
				}
			})
		})
	}
}

func TestARawCodeBelow2000RefusesAtRegistration(t *testing.T) {
	w := newWorld(t, nil)
	id, added := w.newGroup(text("01000991060", "no"), alimtalk("01000991060", "no"), text(someone, "yes"))
	if added.ErrorCount != 2 || added.ResultList[0].StatusCode != "1060" || added.ResultList[1].StatusCode != "1060" || added.ResultList[2].StatusCode != "2000" {
		t.Fatalf("added: got %+v, want 1060, 1060, 2000", added)
	}
	if got := added.ResultList[0].CustomFields["ref"]; got != "no" {
		t.Errorf("customFields: got %q, want no", got)
	}
	w.ok("POST", "/messages/v4/groups/"+id+"/send", nil, nil)
	w.webhook.reports(t, 1)
	if rows := w.sim.Received(); len(rows) != 1 || rows[0].Reference != "yes" {
		t.Errorf("received: got %+v, want only the registered one", rows)
	}
}

func TestTheVendorFailsOverWhereTheCustomerLeftItOn(t *testing.T) {
	long := strings.Repeat("가", 46)
	withFailOver := func(to, body string, more map[string]any) map[string]any {
		m := map[string]any{"to": to, "from": sender, "text": body, "customFields": map[string]string{"ref": "r"},
			"kakaoOptions": map[string]any{"pfId": pf, "templateId": tp}}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	for _, c := range []struct {
		name    string
		message map[string]any
		reports string
		texts   []string
		paid    float64
	}{
		{"delivered Alimtalk", withFailOver(someone, "예약", nil), "ATA 4000", []string{"예약"}, 13},
		{"as SMS", withFailOver("01000010001", "예약", nil), "ATA 3104, SMS 4000", []string{"예약", "예약"}, 18},
		{"as LMS", withFailOver("01000010001", long, nil), "ATA 3104, LMS 4000", []string{long, long}, 45},
		{"with its own text", withFailOver("01000010001", "예약", map[string]any{"replacementText": "대체"}), "ATA 3104, SMS 4000", []string{"예약", "대체"}, 18},
		{"replacement fails too", withFailOver("01000020001", "예약", nil), "ATA 3104, SMS 3032", []string{"예약", "예약"}, 0},
		{"replacements in order", withFailOver("01000020001", "예약", map[string]any{"replacements": []any{
			map[string]any{"to": "01000020001", "text": "하나"}, map[string]any{"to": "01000020001", "text": "둘", "type": "lms", "subject": "제목"}}}),
			"ATA 3104, SMS 3032, LMS 3032", []string{"예약", "하나", "둘"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			inFakeTime(t, nil, func(t *testing.T, s *Simulator, w *wire) {
				id := sendTogether(t, s, c.message)
				time.Sleep(time.Minute)
				synctest.Wait()
				var got, texts []string
				for _, r := range w.reports() {
					got = append(got, r.Type+" "+r.StatusCode)
				}
				for _, r := range s.Received() {
					texts = append(texts, r.Text)
					if r.Reference != "r" {
						t.Errorf("reference: got %q, want r", r.Reference)
					}
				}
				if diff := cmp.Diff(c.reports, strings.Join(got, ", ")); diff != "" {
					t.Errorf("reports (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.texts, texts); diff != "" {
					t.Errorf("texts (-want +got):\n%s", diff)
				}
				g := groupOf(t, s, id)
				if g.Balance.Sum != c.paid || g.Status != complete || g.Count.SentReplacement != len(texts)-1 {
					t.Errorf("group: got %+v, want complete, %v won and %d replacements", g, c.paid, len(texts)-1)
				}
			})
		})
	}
}

func TestMoneyIsTakenAtSendAndGivenBackForWhatFailed(t *testing.T) {
	inFakeTime(t, func(o *Options) {
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret, Balance: 50_0000}}
	}, func(t *testing.T, s *Simulator, w *wire) {
		balance := func() string {
			return string(ask(t, s, "GET", "/cash/v1/balance", nil, http.StatusOK))
		}
		id := sendTogether(t, s, text("01000030001", "fails"), text(someone, "arrives"))
		if got := balance(); !strings.Contains(got, `"balance":14,`) {
			t.Errorf("after the send: got %s, want 14", got)
		}
		third := openGroup(t, s)
		ask(t, s, "PUT", "/messages/v4/groups/"+third+"/messages", map[string]any{"messages": []any{text(someone, "too dear")}}, http.StatusOK)
		ask(t, s, "POST", "/messages/v4/groups/"+third+"/send", nil, http.StatusPaymentRequired)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := balance(); !strings.Contains(got, `"balance":32,`) {
			t.Errorf("after the reports: got %s, want 32", got)
		}
		g := groupOf(t, s, id)
		if g.Balance.Requested != 36 || g.Balance.Refund != 18 || g.Balance.Sum != 18 || g.Count.Refund != 1 {
			t.Errorf("group: got %+v, want 36 paid and 18 back", g)
		}
		ask(t, s, "POST", "/messages/v4/groups/"+third+"/send", nil, http.StatusOK)
	})
}

func TestTheSameSeedGivesTheSameOrderOfReports(t *testing.T) {
	order := func(seed uint64) []string {
		var got []string
		inFakeTime(t, func(o *Options) { o.Seed, o.ReportDelay = seed, time.Hour }, func(t *testing.T, s *Simulator, w *wire) {
			var all []any
			for i := range 50 {
				all = append(all, text(fmt.Sprintf("010123456%02d", i), "r"))
			}
			sendTogether(t, s, all...)
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			for _, r := range w.reports() {
				got = append(got, r.To)
			}
		})
		return got
	}
	one, again, other := order(7), order(7), order(8)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("the same seed (-one +again):\n%s", diff)
	}
	if slices.Equal(one, other) {
		t.Error("another seed: got the same order, want another")
	}
}

func TestAPackedNumberIsTheSameNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[0-9]{1,18}`).Draw(t, "digits")
		if got := packPhone(digits).String(); got != digits {
			t.Fatalf("number: got %s, want %s", got, digits)
		}
	})
	for _, bad := range []string{"", "010-1234-5678", "+821012345678", "0101234567890123456"} {
		if got := packPhone(bad); got != 0 {
			t.Errorf("%q: got %d, want 0", bad, got)
		}
	}
}
