package main

import "creditmsg/client"

// advertise makes a draft an advertisement, if it is to be one.
func (v *sendVerb) advertise(d *client.Draft) error {
	if v.Advertising {
		d.Text.Advertising, d.Text.OptOutNumber, d.Text.ConsentEvidence, d.Night = true, v.OptOutNumber, v.ConsentEvidence, v.Night
		return nil
	}
	if v.OptOutNumber != "" || v.ConsentEvidence != "" || v.Night == "refuse" {
		return usageError{"--opt-out-number, --consent-evidence and --night belong to --advertising"}
	}
	return nil
}
