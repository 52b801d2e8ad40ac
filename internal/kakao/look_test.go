package kakao

import (
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// slowKeeper is a vendor after whose list something else happens before it is used.
type slowKeeper struct {
	provider.TemplateKeeper
	meanwhile func()
	asked     int
}

func (k *slowKeeper) Templates(ctx context.Context, channelID string) ([]provider.KeptTemplate, error) {
	list, err := k.TemplateKeeper.Templates(ctx, channelID)
	k.asked++
	k.meanwhile()
	return list, err
}

// TestAListSaysNothingOfWhatEndedAfterIt has two drafts due, of which one is submitted after the
// list was given that both are looked up in.
func TestAListSaysNothingOfWhatEndedAfterIt(t *testing.T) {
	each(t, func(w *world) {
		w.channel("shop")
		for _, code := range []string{"A", "B"} {
			w.template(code, func(t *message.Template) { t.Name = code })
			w.submit(code, "solapi")
			w.do(func(tx *db.Tx) error { return w.s.Withdraw(tx, Wish{Site: "shop", Code: code}) })
			w.work()
		}
		before := w.at("A", "solapi").LookedAt
		w.forward(standingEvery)
		k := &slowKeeper{TemplateKeeper: w.s.account("solapi").keeper(), meanwhile: func() {
			w.do(func(tx *db.Tx) error {
				return w.s.Submit(tx, Wish{Site: "shop", Code: "A", Accounts: []string{"solapi"}})
			})
			jobs, err := w.queue.Claim(w.Context(), queue.Default, []string{kindAct}, 1)
			w.must(err)
			w.must(w.s.acting(w.Context(), jobs))
		}}
		w.must(w.s.lookAt(w.Context(), "solapi", k))
		if at := w.at("A", "solapi"); at.State != message.TemplateInspecting || at.LookedAt != before || w.find("A").State != message.TemplateInspecting {
			w.Errorf("submitted meanwhile: got %+v, the template is %s; want it in inspection and not looked at", at, w.find("A").State)
		}
		if at := w.at("B", "solapi"); at.State != message.TemplateDraft || at.LookedAt == before || k.asked != 1 {
			w.Errorf("left as it was: got %+v after %d lists, want it looked at in the one", at, k.asked)
		}
		w.judge(w.sheets("solapi")[0], provider.TemplateApproved, "")
		w.forward(inspectedEvery)
		w.work()
		if got := w.find("A").State; got != message.TemplateApproved {
			w.Errorf("approved soon after: the template is %s", got)
		}
	})
}
