package api

import "creditmsg/internal/provider"

// readButtons reads buttons that a message names; null is as good as absent.
func readButtons(r *reading) []provider.Button {
	if r.null() {
		return nil
	}
	list := []provider.Button{}
	r.elements(func(int) {
		var b provider.Button
		places := map[string]*string{"type": &b.Type, "name": &b.Name, "url_mobile": &b.URLMobile, "url_pc": &b.URLPC, "scheme_ios": &b.SchemeIOS,
			"scheme_android": &b.SchemeAndroid, "biz_form_id": &b.FormID, "plugin_id": &b.PluginID, "phone_number": &b.Phone}
		r.members(func(name string) {
			place, known := places[name]
			switch {
			case !known:
				r.complain("there is no such member here")
				r.raw()
			case !r.null():
				*place = r.text()
			}
		})
		list = append(list, b)
	})
	return list
}
