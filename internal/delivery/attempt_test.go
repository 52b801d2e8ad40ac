package delivery

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

func TestAnEnquiryNamesTheChannelsThatTheCallsRowKeeps(t *testing.T) {
	kakao, text := sentPerson(), sentPerson()
	text.Step, text.Seq = 2, 4
	for name, c := range map[string]struct {
		row  string
		want []provider.Channel
	}{
		"of one channel":        {jsonText(groupsOf([]message.Recipient{text})), []provider.Channel{provider.SMS}},
		"of two":                {jsonText(groupsOf([]message.Recipient{kakao, kakao, text})), []provider.Channel{provider.Alimtalk, provider.SMS}},
		"of an earlier release": {`[{"site":"shop","batch":0,"step":1,"try":1,"seqs":[[3,3]],"message":"` + kakao.ID.String() + `"}]`, nil},
	} {
		groups, err := readGroups([]byte(c.row))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, attempt{ID: id.New(), Groups: groups}.enquiry().Channels); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
