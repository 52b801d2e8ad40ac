package console

import "creditmsg/client"

// templateChoices offers templates by their codes, after none.
func templateChoices(list []client.Template, none string) []choice {
	out := []choice{{"", none}}
	for _, t := range list {
		text := t.Code
		if t.Name != "" && t.Name != t.Code {
			text = t.Name + " (" + t.Code + ")"
		}
		out = append(out, choice{t.Code, text})
	}
	return out
}

// senderChoices offers sender numbers, after the site's default one.
func senderChoices(list []client.Sender, none string) []choice {
	out := []choice{{"", none}}
	for _, s := range list {
		out = append(out, choice{s.Number, s.Number})
	}
	return out
}

// policyChoices offers the site's own strategies.
func policyChoices(list []client.Policy) []choice {
	out := []choice{{"", ""}}
	for _, p := range list {
		out = append(out, choice{p.Name, p.Name})
	}
	return out
}

// wordChoices offers the words of a closed list.
func (w *words) wordChoices(list string, of []string) []choice {
	out := make([]choice, len(of))
	for i, one := range of {
		out[i] = choice{one, w.word(list, one)}
	}
	return out
}
