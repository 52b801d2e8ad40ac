package kakao

import (
	"slices"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

func TestIdsThatAnOperatorSetsAreFollowed(t *testing.T) {
	each(t, func(w *world) {
		w.do(func(tx *db.Tx) error {
			made, err := message.AddTemplate(tx, message.Template{Site: "shop", Code: "HAND", Channel: "@shop", Body: wordedAs, State: message.TemplateApproved,
				Providers: map[string]message.ProviderTemplate{"sens": {ChannelID: "@shop", TemplateID: "T1"}, "solapi": {ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"}}})
			if err != nil {
				return err
			}
			return w.s.Follow(tx, made)
		})
		w.work()
		if got := w.find("HAND"); got.State != message.TemplateApproved || len(got.Providers) != 2 || len(w.told()) != 0 {
			w.Errorf("not listed anywhere: got %s %v, told %v; want it as it was set", got.State, got.Providers, w.told())
		}
		if at := w.at("HAND", "sens"); at.Problem != notListed || at.LookedAt == 0 {
			w.Errorf("not listed: got %+v", at)
		}
		w.judge(sheet{Vendor: "sens", ChannelID: "@shop", TemplateID: "T1", Name: "n", Content: wordedAs}, provider.TemplateDormant, "1년 동안 쓰지 않았습니다.")
		w.do(func(tx *db.Tx) error { return w.s.Look(tx, "shop", "HAND") })
		w.work()
		got := w.find("HAND")
		if _, has := got.Providers["sens"]; has || got.State != message.TemplateApproved || len(got.Providers) != 1 {
			w.Errorf("asleep at one: got %s %v, want it approved by the other", got.State, got.Providers)
		}
		if told := w.told(); !slices.Equal(told, []string{"template.dormant HAND sens approved 1년 동안 쓰지 않았습니다."}) {
			w.Errorf("told %v", told)
		}
		w.judge(sheet{Vendor: "sens", TemplateID: "T1"}, provider.TemplateBlocked, "신고가 많습니다.")
		w.do(func(tx *db.Tx) error { return w.s.Look(tx, "shop", "HAND") })
		w.work()
		if told := w.told(); len(told) != 2 || told[1] != "template.blocked HAND sens approved 신고가 많습니다." {
			w.Errorf("told %v", told)
		}
		w.judge(sheet{Vendor: "sens", TemplateID: "T1"}, provider.TemplateApproved, "")
		w.forward(standingEvery)
		w.work()
		if got := w.find("HAND"); got.Providers["sens"].TemplateID != "T1" {
			w.Errorf("awake: got %v", got.Providers)
		}
	})
}
