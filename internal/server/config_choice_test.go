package server

import "testing"

func TestWhatAnAccountCannotBeChosenByIsToldWithItsPlace(t *testing.T) {
	const account = "providers:\n  - name: a\n    kind: solapi\n    api_key: K\n    api_secret: S\n"
	for name, tt := range map[string]struct{ text, want string }{
		"a site's id":           {account + "    sites: [Shop]\n", `creditmsg.yaml:6: providers[0].sites[0]: "Shop" cannot be a site's id`},
		"a priority below zero": {account + "    priority: -1\n", "creditmsg.yaml:6: providers[0].priority: it is negative; 0 is the first"},
		"a cost in words":       {account + "    cost: {sms: much}\n", "creditmsg.yaml:6: providers[0].cost.sms: want won with at most four decimals, such as 8.4"},
		"a missing cost":        {account + "    channels: [sms]\n    cost: {lms: 25}\ndelivery: {prefer: cost}\n", "creditmsg.yaml:7: providers[0].cost: delivery.prefer is cost, and what sms costs here is missing"},
		"an unknown preference": {"delivery: {prefer: luck}\n", `creditmsg.yaml:1: delivery.prefer: "luck" is not one of weight, cost`},
		"a floor above all":     {"delivery: {floor: 101}\n", "creditmsg.yaml:1: delivery.floor: want percent, from 0 to 100"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tt.text)
			if got := complaints(t, err); got != tt.want {
				t.Errorf("complaints:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}
