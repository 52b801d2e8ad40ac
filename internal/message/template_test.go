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
			got, err := TemplateStates(tx, []TemplateName{theirs, mine, {s.name, "B"}, theirs})
			if diff := cmp.Diff(map[TemplateName]TemplateState{mine: TemplateApproved, theirs: TemplateBlocked}, got); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if err != nil {
				return err
			}
			none, err := TemplateStates(tx, nil)
			if len(none) > 0 {
				t.Errorf("of no template: got %v", none)
			}
			return err
		})
	})
}
