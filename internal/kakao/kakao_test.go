package kakao

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// keepers are the accounts whose vendors take templates by request.
var keepers = []string{"solapi", "nhncloud", "aligo", "sendgo"}

func TestATemplateIsSubmittedToEveryAccountAndApprovedWhereItIs(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		w.template("A")
		w.submit("A")
		for _, name := range keepers {
			got := w.sheets(name)
			if len(got) != 1 || got[0].State != "inspecting" || got[0].Content != wordedAs || !strings.HasPrefix(got[0].Name, "예약 확정 (A ") {
				w.Fatalf("%s has %+v", name, got)
			}
			if at := w.at("A", name); at.State != message.TemplateInspecting || at.TemplateID != got[0].TemplateID || at.Wish != "" || at.Problem != "" {
				w.Errorf("%s: got %+v", name, at)
			}
		}
		if got := w.find("A"); got.State != message.TemplateInspecting || len(got.Providers) != 0 {
			w.Errorf("submitted: got %s %v", got.State, got.Providers)
		}
		if at := w.at("A", "sens"); at.Account != "" {
			w.Errorf("sens, which takes none: got %+v", at)
		}
		solapi, nhn := w.sheets("solapi")[0], w.sheets("nhncloud")[0]
		w.judge(solapi, provider.TemplateApproved, "좋습니다")
		w.judge(nhn, provider.TemplateRejected, "변수가 너무 많습니다.")
		w.work()
		if got := w.find("A"); got.State != message.TemplateInspecting {
			w.Errorf("before it was looked at: got %s", got.State)
		}
		w.forward(inspectedEvery)
		w.work()
		want := map[string]message.ProviderTemplate{"solapi": {ChannelID: solapi.ChannelID, TemplateID: solapi.TemplateID}}
		if got := w.find("A"); got.State != message.TemplateApproved || !cmp.Equal(got.Providers, want) {
			w.Errorf("approved at one: got %s %v", got.State, got.Providers)
		}
		told := w.told()
		slices.Sort(told)
		for i, one := range told { // which of them came first says where the template stood then
			told[i] = strings.NewReplacer(" approved ", " ", " inspecting ", " ").Replace(one)
		}
		if diff := cmp.Diff([]string{"template.approved A solapi 좋습니다", "template.rejected A nhncloud 변수가 너무 많습니다."}, told); diff != "" {
			w.Errorf("told (-want +got):\n%s", diff)
		}
		w.forward(standingEvery)
		w.work()
		if got := w.told(); len(got) != 2 {
			w.Errorf("told again: %v", got)
		}
	})
}

func TestARejectedTemplateIsRewrittenAndSubmittedAgain(t *testing.T) {
	for _, name := range keepers {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.channel("shop")
				w.template("A")
				w.submit("A", name)
				w.judge(w.sheets(name)[0], provider.TemplateRejected, "다시 쓰세요")
				w.forward(inspectedEvery)
				w.work()
				if got := w.at("A", name); got.State != message.TemplateRejected || len(got.Comments) == 0 || got.Comments[len(got.Comments)-1].Text != "다시 쓰세요" {
					t.Fatalf("rejected: got %+v", got)
				}
				if got := w.find("A").State; got != message.TemplateRejected {
					t.Errorf("rejected: the template is %s", got)
				}
				w.reword("A", "#{이름}님, 예약을 받았습니다.")
				w.submit("A", name)
				got := w.sheets(name)
				if len(got) != 1 || got[0].Content != "#{이름}님, 예약을 받았습니다." || got[0].State != "inspecting" {
					t.Fatalf("submitted again: %s has %+v", name, got)
				}
				w.judge(got[0], provider.TemplateApproved, "")
				w.forward(inspectedEvery)
				w.work()
				if got := w.find("A").State; got != message.TemplateApproved {
					t.Errorf("approved: the template is %s", got)
				}
			})
		})
	}
}

func TestAnApprovedTemplateOfAnotherWordingIsAnotherTemplate(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		w.template("A")
		w.submit("A", "solapi")
		first := w.sheets("solapi")[0]
		w.judge(first, provider.TemplateApproved, "")
		w.forward(inspectedEvery)
		w.work()
		w.reword("A", "#{이름}님, 새 말씀입니다.")
		w.forward(standingEvery)
		w.work()
		if got := w.find("A").State; got != message.TemplateDraft {
			w.Errorf("reworded: the template is %s, though only the former wording is approved", got)
		}
		w.submit("A", "solapi")
		all := w.sheets("solapi")
		if len(all) != 2 || all[0].State != "approved" || all[1].State != "inspecting" || all[0].Name == all[1].Name {
			w.Fatalf("the vendor has %+v, want the former beside a new one", all)
		}
		w.judge(all[1], provider.TemplateApproved, "")
		w.forward(inspectedEvery)
		w.work()
		if got := w.find("A"); got.State != message.TemplateApproved || got.Providers["solapi"].TemplateID != all[1].TemplateID {
			w.Errorf("approved: got %s %v, want the new one", got.State, got.Providers)
		}
	})
}

func TestATemplateFallsAsleepAndIsReleased(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		w.template("A")
		w.submit("A", "solapi")
		w.judge(w.sheets("solapi")[0], provider.TemplateApproved, "")
		w.forward(inspectedEvery)
		w.work()
		w.judge(w.sheets("solapi")[0], provider.TemplateDormant, "")
		w.forward(standingEvery)
		w.work()
		if got := w.find("A"); got.State != message.TemplateDormant || len(got.Providers) != 0 {
			w.Errorf("asleep: got %s %v", got.State, got.Providers)
		}
		w.do(func(tx *db.Tx) error { return w.s.Release(tx, Wish{Site: "shop", Code: "A"}) })
		w.work()
		if got := w.find("A"); got.State != message.TemplateApproved || got.Providers["solapi"].TemplateID == "" {
			w.Errorf("released: got %s %v", got.State, got.Providers)
		}
		if got := w.told(); len(got) != 3 || !strings.HasPrefix(got[1], "template.dormant A solapi dormant") || !strings.HasPrefix(got[2], "template.approved") {
			w.Errorf("told %v", got)
		}
		err := w.d.Update(w.Context(), "test", func(tx *db.Tx) error { return w.s.Release(tx, Wish{Site: "shop", Code: "A"}) })
		if !fault.Is(err, fault.Conflict) {
			w.Errorf("released again: got %v", err)
		}
	})
}

func TestATemplateIsWithdrawnAndCommentedOn(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		w.template("A")
		w.submit("A", "solapi", "nhncloud")
		w.do(func(tx *db.Tx) error { return w.s.Withdraw(tx, Wish{Site: "shop", Code: "A"}) })
		w.work()
		if got := w.sheets("solapi")[0].State; got != "draft" {
			w.Errorf("withdrawn: solapi has it %s", got)
		}
		if got := w.sheets("nhncloud")[0].State; got != "inspecting" {
			w.Errorf("where it cannot be withdrawn: nhncloud has it %s", got)
		}
		w.judge(w.sheets("nhncloud")[0], provider.TemplateRejected, "무슨 뜻인가요?")
		w.forward(inspectedEvery)
		w.work()
		w.do(func(tx *db.Tx) error {
			return w.s.Comment(tx, Wish{Site: "shop", Code: "A", Comment: "  예약 확정\n안내입니다. "})
		})
		w.work()
		got := w.sheets("nhncloud")[0]
		if got.State != "inspecting" || !slices.Contains(got.Comments, "예약 확정 안내입니다.") {
			w.Errorf("commented on: nhncloud has %+v", got)
		}
		if at := w.at("A", "nhncloud"); at.State != message.TemplateInspecting || at.Wish != "" {
			w.Errorf("commented on: got %+v", at)
		}
		w.do(func(tx *db.Tx) error {
			said, err := audit.List(tx, audit.Filter{Site: "shop", Action: "template.commented"}, id.ID{}, 2)
			if err == nil && (len(said) != 1 || said[0].Ref != "A" || string(said[0].After) != `{"providers":["nhncloud"]}`) {
				w.Errorf("noted: got %+v, want where it was commented on, and not what was said", said)
			}
			return err
		})
	})
}

// TestWhateverBreaksATemplateIsSubmittedOnce breaks each of the requests of a submission in
// every way: in the end the vendor has one template, and it is in inspection.
func TestWhateverBreaksATemplateIsSubmittedOnce(t *testing.T) {
	for _, name := range keepers {
		each(t, func(w *world) {
			w.channel("shop")
			for _, how := range []string{cutBefore, cutAfter, lostBefore, lostAfter} {
				for n := range 2 {
					code := strings.ReplaceAll(how, " ", "-") + string(rune('0'+n))
					w.template(code, func(t *message.Template) { t.Name = code })
					w.do(func(tx *db.Tx) error {
						return w.s.Submit(tx, Wish{Site: "shop", Code: code, Accounts: []string{name}, Purpose: declaredPurpose})
					})
					if n == 0 {
						w.line.breakNext(how)
						w.work()
					} else { // its second request
						w.stepOnce()
						w.line.breakNext(how)
						w.work()
					}
					for range 4 { // questions are asked later, and refusals tried again
						w.forward(mostPause)
						w.work()
					}
					w.line.breakNext(whole)
					var mine []sheet
					for _, s := range w.sheets(name) {
						if strings.HasPrefix(s.Name, code+" (") {
							mine = append(mine, s)
						}
					}
					at := w.at(code, name)
					if len(mine) != 1 || mine[0].State != "inspecting" || at.State != message.TemplateInspecting || at.TemplateID != mine[0].TemplateID || at.Wish != "" || at.Problem != "" {
						t.Errorf("%s, request %d %s: the vendor has %+v, we know %+v", name, n+1, how, mine, at)
					}
				}
			}
		})
	}
}

// stepOnce makes one act of the job that is due, and puts the job back.
func (w *world) stepOnce() {
	w.Helper()
	jobs, err := w.queue.Claim(w.Context(), "default", []string{kindAct}, 1)
	w.must(err)
	for _, j := range jobs {
		var r *row
		w.view(func(tx *db.Tx) error {
			all, err := find(tx.Lookup, one("site_id", j.Site))
			for _, one := range all {
				if one.id.String() == j.Key {
					r = one
				}
			}
			return err
		})
		_, err := w.s.step(w.Context(), j.Site, r.id)
		w.must(err)
		w.do(func(tx *db.Tx) error { return w.queue.Again(tx, 0, "", j) })
	}
}

// TestACrashBetweenAnActAndItsEndIsSettledByAQuestion leaves acts begun, with and without their
// requests having reached the vendor.
func TestACrashBetweenAnActAndItsEndIsSettledByAQuestion(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		for code, reached := range map[string]bool{"REACHED": true, "NOT": false} {
			w.template(code, func(t *message.Template) { t.Name = code })
			w.do(func(tx *db.Tx) error {
				return w.s.Submit(tx, Wish{Site: "shop", Code: code, Accounts: []string{"solapi"}})
			})
			var r *row
			w.view(func(tx *db.Tx) error {
				all, err := find(tx.Lookup, one("site_id", "shop"), one("code", code))
				r = all[0]
				return err
			})
			c, err := w.s.prepare(w.Context(), "shop", r.id)
			w.must(err)
			if reached {
				_, err := c.make(w.Context())
				w.must(err)
			}
			w.line.acts()
			w.work()
			if got := w.line.acts(); len(got) != 0 {
				t.Errorf("%s: asked at once: %v, though the request may still be under way", code, got)
			}
			w.forward(w.s.o.RequestTimeout)
			w.work()
			var names []string
			for _, s := range w.sheets("solapi") {
				if strings.HasPrefix(s.Name, code+" (") {
					names = append(names, s.State)
				}
			}
			if !slices.Equal(names, []string{"inspecting"}) || w.at(code, "solapi").State != message.TemplateInspecting {
				t.Errorf("%s: the vendor has %v, we know %+v", code, names, w.at(code, "solapi"))
			}
		}
	})
}

func TestWhatAVendorJudgesIsNotTriedAgain(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		w.template("TABLE", func(t *message.Template) {
			t.Items = &provider.ItemList{Items: []provider.Item{{Title: "가", Description: "나"}, {Title: "다", Description: "라"}}}
		})
		w.submit("TABLE", "aligo")
		if at := w.at("TABLE", "aligo"); at.Wish != "" || !strings.Contains(at.Problem, "tables") || at.TemplateID != "" {
			w.Errorf("a table at aligo: got %+v", at)
		}
		w.play("{inspector: refuse, inspector_says: '검수를 받지 않습니다.'}")
		w.template("A")
		w.submit("A", "solapi")
		if at := w.at("A", "solapi"); at.Wish != "" || at.State != message.TemplateDraft || !strings.Contains(at.Problem, "검수를 받지 않습니다.") {
			w.Errorf("not taken: got %+v", at)
		}
		w.line.acts()
		w.forward(standingEvery)
		w.work()
		if got := w.line.acts(); len(got) != 0 {
			w.Errorf("tried again: %v", got)
		}
		w.play("inspector: wait")
		w.submit("A", "solapi")
		if at := w.at("A", "solapi"); at.State != message.TemplateInspecting || at.Problem != "" {
			w.Errorf("submitted again: got %+v", at)
		}
		if all := w.sheets("solapi"); len(all) != 1 {
			w.Errorf("the vendor has %+v", all)
		}
	})
}

func TestATemplateThatIsRemovedGoesWhereItCan(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		removeIt := func(code string) {
			w.Helper()
			w.do(func(tx *db.Tx) error {
				if err := message.RemoveTemplate(tx, "shop", code); err != nil {
					return err
				}
				return w.s.Forget(tx, "shop", code)
			})
			w.work()
		}
		w.template("A")
		w.submit("A", "solapi", "aligo", "nhncloud")
		w.judge(w.sheets("aligo")[0], provider.TemplateApproved, "")
		w.judge(w.sheets("nhncloud")[0], provider.TemplateRejected, "")
		w.forward(inspectedEvery)
		w.work()
		removeIt("A")
		if got := [3]int{len(w.sheets("solapi")), len(w.sheets("aligo")), len(w.sheets("nhncloud"))}; got != [3]int{0, 1, 0} {
			w.Errorf("left at solapi, aligo and nhncloud: %v; want what was approved alone", got)
		}
		w.template("A")
		w.submit("A", "solapi")
		if got := w.sheets("solapi"); len(got) != 1 || got[0].State != "inspecting" {
			w.Errorf("made again under the same code: %+v", got)
		}
		w.view(func(tx *db.Tx) error {
			all, err := find(tx.Lookup, one("site_id", "shop"))
			if len(all) != 1 {
				w.Errorf("%d rows are left, want one", len(all))
			}
			return err
		})
		w.line.breakNext(cutAfter)
		removeIt("A") // withdrawn, and the answer lost
		for range 3 {
			w.forward(mostPause)
			w.work()
		}
		if got := w.sheets("solapi"); len(got) != 0 {
			w.Errorf("after a lost answer: %+v", got)
		}
	})
}

func TestASubmissionThatCannotBeIsRefusedAtItsPlace(t *testing.T) {
	each(t, func(w *world) {
		w.template("A")
		refused := func(what string, wish Wish, place string) {
			w.Helper()
			wish.Site = cmpOr(wish.Site, "shop")
			wish.Code = cmpOr(wish.Code, "A")
			err := w.d.Update(w.Context(), "test", func(tx *db.Tx) error { return w.s.Submit(tx, wish) })
			f, _ := errors.AsType[*fault.Error](err)
			if f == nil || len(f.Fields) == 0 || f.Fields[0].Pointer != place {
				w.Errorf("%s: got %v, want a fault at %s", what, err, place)
			}
		}
		refused("a channel that is nowhere", Wish{}, "/providers")
		w.do(func(tx *db.Tx) error { // as a site sets it: that proves nothing
			_, err := site.AddChannel(tx, site.Channel{Site: "shop", Name: "@shop", SenderKey: "K", Providers: map[string]string{"solapi": vendors[0].channel}})
			return err
		})
		refused("an id that the site set itself", Wish{Accounts: []string{"solapi"}}, "/providers/0")
		w.do(func(tx *db.Tx) error { return site.RemoveChannel(tx, "shop", "@shop") })
		w.channel("shop")
		refused("an account that there is not", Wish{Accounts: []string{"solapi", "nobody"}}, "/providers/1")
		refused("a vendor without requests", Wish{Accounts: []string{"sens"}}, "/providers/0")
		refused("a vendor that wants a purpose", Wish{Accounts: []string{"sendgo"}}, "/purpose")
		refused("a purpose that is not confirmed", Wish{Accounts: []string{"sendgo"}, Purpose: &provider.Purpose{Purpose: "x"}}, "/purpose")
		refused("a long comment", Wish{Comment: strings.Repeat("가", 501)}, "/comment")
		w.mine["shop"] = []string{"aligo"}
		refused("another's account", Wish{Accounts: []string{"solapi"}}, "/providers/0")
		if err := w.d.Update(w.Context(), "test", func(tx *db.Tx) error { return w.s.Submit(tx, Wish{Site: "other", Code: "A"}) }); !fault.Is(err, fault.NotFound) {
			w.Errorf("another site's template: got %v", err)
		}
		w.work()
		if got := w.line.acts(); len(got) != 0 {
			w.Errorf("requests were made: %v", got)
		}
	})
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func TestTwoProcessesMakeAnActOnce(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		for i := range 4 {
			w.template(string(rune('A'+i)), func(t *message.Template) { t.Name = "n" })
			w.do(func(tx *db.Tx) error {
				return w.s.Submit(tx, Wish{Site: "shop", Code: string(rune('A' + i)), Accounts: []string{"solapi", "nhncloud"}})
			})
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 20 {
					jobs, err := w.queue.Claim(t.Context(), "default", []string{kindAct}, 2)
					if err == nil && len(jobs) > 0 {
						err = w.s.acting(t.Context(), jobs)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		w.work()
		for _, name := range []string{"solapi", "nhncloud"} {
			got := w.sheets(name)
			if len(got) != 4 || slices.ContainsFunc(got, func(s sheet) bool { return s.State != "inspecting" }) {
				t.Errorf("%s has %+v, want four in inspection", name, got)
			}
		}
	})
}
