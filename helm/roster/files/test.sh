token=
[ ! -e /token/token ] || token=$(cat /token/token)

ask() {
  curl --fail-with-body --silent --show-error --max-time 20 --retry 3 --retry-connrefused ${token:+--header "Authorization: Bearer $token"} "$@"
}

ask "$API/healthz" && echo
ask "$API/readyz" && echo

if [ -n "${TOKEN_NEEDED:-}" ] && [ -z "$token" ]; then
  echo 'test.tokenSecret is not set: tested only health'
  exit
fi

# A picture of one pixel.
echo 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==' | base64 -d >/tmp/avatar.png
user=$(ask --form name='helm test' --form "email=helm-test-$ID@example.org" --form avatar=@/tmp/avatar.png "$API/user")
echo "$user"
id=$(echo "$user" | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
path=$(echo "$user" | sed 's,.*"avatar_url":"[^"]*\(/avatars/[^"]*\)".*,\1,')
trap 'ask --request DELETE "$API/users/$id"' EXIT

ask "$API/users" | grep -q "helm-test-$ID@example.org"
ask --output /tmp/kept "$API$path"
# The signature of a PNG or a JPEG.
head -c 3 /tmp/kept | od -An -tx1 | grep -qE '89 50 4e|ff d8 ff'
ask --output /tmp/rendition "$API/avatar/$id?s=64"
[ -s /tmp/rendition ]
echo 'created, listed, served, erased'
