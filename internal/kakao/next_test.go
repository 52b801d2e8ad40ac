package kakao

import (
	"testing"

	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// tpl is a template of a site.
type tpl = message.Template

// The sets of acts of vendors: of one that takes all, and of one that submits as it writes.
const (
	everyAct = provider.AddTemplate | provider.ChangeTemplate | provider.SubmitTemplate | provider.WithdrawTemplate | provider.ReleaseTemplate | provider.RemoveTemplate
	writing  = provider.AddTemplate | provider.ChangeTemplate | provider.CommentTemplate | provider.RemoveTemplate
)

func TestTheNextActFollowsFromWishStateAndVendor(t *testing.T) {
	told, other := id.New(), id.New()
	at := func(w wish, s provider.TemplateState, digest id.ID) row {
		return row{wish: w, state: s, template: "T", digest: digest}
	}
	remarked := at(wishSubmit, provider.TemplateRejected, told)
	remarked.remark = "다시"
	for name, c := range map[string]struct {
		row  row
		acts provider.TemplateActs
		want provider.TemplateActs
		why  bool // something stands in its way
	}{
		"nothing wished":                   {at(wishNone, provider.TemplateDraft, told), everyAct, 0, false},
		"not there":                        {row{wish: wishSubmit, state: provider.TemplateDraft}, everyAct, provider.AddTemplate, false},
		"a draft":                          {at(wishSubmit, provider.TemplateDraft, told), everyAct, provider.SubmitTemplate, false},
		"a draft of other words":           {at(wishSubmit, provider.TemplateDraft, other), everyAct, provider.ChangeTemplate, false},
		"rejected":                         {at(wishSubmit, provider.TemplateRejected, told), everyAct, provider.SubmitTemplate, false},
		"rejected, other words":            {at(wishSubmit, provider.TemplateRejected, other), everyAct, provider.ChangeTemplate, false},
		"rejected, where writing submits":  {at(wishSubmit, provider.TemplateRejected, told), writing, provider.ChangeTemplate, false},
		"rejected, with a comment":         {remarked, writing, provider.CommentTemplate, false},
		"inspected":                        {at(wishSubmit, provider.TemplateInspecting, told), everyAct, 0, false},
		"inspected, other words":           {at(wishSubmit, provider.TemplateInspecting, other), everyAct, provider.WithdrawTemplate, false},
		"inspected, cannot be withdrawn":   {at(wishSubmit, provider.TemplateInspecting, other), writing, 0, true},
		"approved":                         {at(wishSubmit, provider.TemplateApproved, told), everyAct, 0, false},
		"approved, other words":            {at(wishSubmit, provider.TemplateApproved, other), everyAct, provider.AddTemplate, false},
		"asleep":                           {at(wishSubmit, provider.TemplateDormant, told), everyAct, 0, true},
		"stopped":                          {at(wishSubmit, provider.TemplateBlocked, told), everyAct, 0, true},
		"stopped, other words":             {at(wishSubmit, provider.TemplateBlocked, other), everyAct, provider.AddTemplate, false},
		"a state that is not known":        {at(wishSubmit, provider.TemplateUnknown, told), everyAct, 0, true},
		"a vendor that takes nothing":      {row{wish: wishSubmit, state: provider.TemplateDraft}, 0, 0, true},
		"withdrawn":                        {at(wishWithdraw, provider.TemplateInspecting, told), everyAct, provider.WithdrawTemplate, false},
		"withdrawn too late":               {at(wishWithdraw, provider.TemplateApproved, told), everyAct, 0, true},
		"withdrawn where it cannot be":     {at(wishWithdraw, provider.TemplateInspecting, told), writing, 0, true},
		"released":                         {at(wishRelease, provider.TemplateDormant, told), everyAct, provider.ReleaseTemplate, false},
		"released, awake":                  {at(wishRelease, provider.TemplateApproved, told), everyAct, 0, true},
		"commented on":                     {at(wishComment, provider.TemplateRejected, told), writing, provider.CommentTemplate, false},
		"removed, never there":             {row{wish: wishRemove}, everyAct, 0, false},
		"removed, a draft":                 {at(wishRemove, provider.TemplateDraft, told), everyAct, provider.RemoveTemplate, false},
		"removed, rejected":                {at(wishRemove, provider.TemplateRejected, told), writing, provider.RemoveTemplate, false},
		"removed, inspected":               {at(wishRemove, provider.TemplateInspecting, told), everyAct, provider.WithdrawTemplate, false},
		"removed, inspected, and it stays": {at(wishRemove, provider.TemplateInspecting, told), writing, 0, false},
		"removed, approved, and it stays":  {at(wishRemove, provider.TemplateApproved, told), everyAct, 0, false},
	} {
		act, why := c.row.next(told, c.acts)
		if act != c.want || (why != "") != c.why {
			t.Errorf("%s: got act %b, %q; want %b, a reason %v", name, act, why, c.want, c.why)
		}
	}
}

func TestAnOpenActIsDoneWhereTheListShowsIt(t *testing.T) {
	in := func(s provider.TemplateState) *provider.KeptTemplate { return &provider.KeptTemplate{State: s} }
	said := in(provider.TemplateRejected)
	said.Comments = []provider.TemplateComment{{Text: "다시", ByInspector: true}, {Text: "네"}, {Text: upstream.Passage("전화 010-1234-5678")}}
	for name, c := range map[string]struct {
		row  row
		kept *provider.KeptTemplate
		want bool
	}{
		"added":                       {row{doing: provider.AddTemplate}, in(provider.TemplateDraft), true},
		"not added":                   {row{doing: provider.AddTemplate}, nil, false},
		"changed":                     {row{doing: provider.ChangeTemplate, state: provider.TemplateRejected}, in(provider.TemplateInspecting), true},
		"not changed, or unseen":      {row{doing: provider.ChangeTemplate, state: provider.TemplateDraft}, in(provider.TemplateDraft), false},
		"submitted":                   {row{doing: provider.SubmitTemplate, state: provider.TemplateDraft}, in(provider.TemplateInspecting), true},
		"submitted and judged":        {row{doing: provider.SubmitTemplate, state: provider.TemplateDraft}, in(provider.TemplateRejected), true},
		"not submitted":               {row{doing: provider.SubmitTemplate, state: provider.TemplateDraft}, in(provider.TemplateDraft), false},
		"not submitted, rejected":     {row{doing: provider.SubmitTemplate, state: provider.TemplateRejected}, in(provider.TemplateRejected), false},
		"withdrawn":                   {row{doing: provider.WithdrawTemplate, state: provider.TemplateInspecting}, in(provider.TemplateDraft), true},
		"not withdrawn":               {row{doing: provider.WithdrawTemplate, state: provider.TemplateInspecting}, in(provider.TemplateInspecting), false},
		"commented":                   {row{doing: provider.CommentTemplate, state: provider.TemplateRejected, remark: "네"}, said, true},
		"commented, with a number":    {row{doing: provider.CommentTemplate, state: provider.TemplateRejected, remark: "전화 010-1234-5678"}, said, true},
		"not commented":               {row{doing: provider.CommentTemplate, state: provider.TemplateRejected, remark: "다시"}, said, false},
		"released":                    {row{doing: provider.ReleaseTemplate, state: provider.TemplateDormant}, in(provider.TemplateApproved), true},
		"not released":                {row{doing: provider.ReleaseTemplate, state: provider.TemplateDormant}, in(provider.TemplateDormant), false},
		"removed":                     {row{doing: provider.RemoveTemplate, state: provider.TemplateDraft}, nil, true},
		"not removed":                 {row{doing: provider.RemoveTemplate, state: provider.TemplateDraft}, in(provider.TemplateDraft), false},
		"another act, and it is gone": {row{doing: provider.SubmitTemplate, state: provider.TemplateDraft}, nil, false},
	} {
		if got := c.row.settled(c.kept, everyAct); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestANameIsItsOwnAndFits(t *testing.T) {
	a, b := id.New(), id.New()
	long := tpl{Code: "A23456789_123456789_123456789_123456789_123456789_123456789_1234"}
	for range 200 {
		long.Name += "가"
	}
	for _, one := range []tpl{{Code: "A", Name: "예약 확정"}, {Code: "A"}, long} {
		x, y := nameOf(one, a), nameOf(one, b)
		if x == y || len([]rune(x)) > nameLimit || codeOf(x) == codeOf(y) || len(codeOf(x)) != 20 {
			t.Errorf("got %q (%s) and %q (%s)", x, codeOf(x), y, codeOf(y))
		}
	}
}
