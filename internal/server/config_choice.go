package server

import (
	"fmt"
	"slices"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// checkChoice complains about what an account is chosen by.
func (l *loading) checkChoice(at string, p ProviderConfig, d DeliveryConfig) {
	if p.Priority < 0 {
		l.bad(at+".priority", "it is negative; 0 is the first")
	}
	for i, name := range p.Sites {
		if !site.IsSlug(name) {
			l.bad(fmt.Sprintf("%s.sites[%d]", at, i), "%q cannot be a site's id", name)
		}
	}
	for ch, text := range p.Cost.texts() {
		name := provider.Channel(ch).String()
		if _, err := money.Parse(text); text != "" && err != nil {
			l.bad(at+".cost."+name, "want won with at most four decimals, such as 8.4")
		}
		if d.Prefer == "cost" && text == "" && slices.Contains(p.mayCarry(), name) {
			l.bad(at+".cost", "delivery.prefer is cost, and what %s costs here is missing", name)
		}
	}
}

// mayCarry names the channels that an account is to be used for.
func (p ProviderConfig) mayCarry() []string {
	if len(p.Channels) > 0 {
		return p.Channels
	}
	return []string{provider.Alimtalk.String(), provider.SMS.String(), provider.LMS.String()}
}
