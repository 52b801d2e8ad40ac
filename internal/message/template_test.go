package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
)

func TestTheStatesOfManyTemplatesAreReadAtOnce(t *testing.T) {
	onEach(t, func(s *shop) {
		other := s.house.open(t, 0)
		other.template("B", "안녕하세요", TemplateBlocked)
		mine, theirs := TemplateName{s.name, "RESERVE_01"}, TemplateName{other.name, "B"}
		s.view(func(tx *db.Tx) error {
			names := []TemplateName{theirs, mine, {s.name, "B"}, theirs}
			statesQ, got := AskTemplateStates(names)
			wholeQ, whole := askTemplates(names)
			nobody, _ := AskTemplateStates(nil)
			err := tx.Ask(statesQ, wholeQ, nobody)
			if diff := cmp.Diff(map[TemplateName]TemplateState{mine: TemplateApproved, theirs: TemplateBlocked}, got); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if err != nil || len(whole) != 2 {
				t.Errorf("%d templates, %v; want 2", len(whole), err)
			}
			for name, one := range whole {
				alone, err := FindTemplate(tx, name.Site, name.Code)
				if diff := cmp.Diff(alone, *one); err != nil || diff != "" {
					t.Errorf("%v: %v, (-alone +together):\n%s", name, err, diff)
				}
			}
			return nil
		})
	})
}
