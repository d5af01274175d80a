using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// Which names a provisioner may certify (step-ca's <c>policy</c>): what is denied never, and where anything is allowed, only that. Common names and
/// permanent identifiers are judged as the names they look like.
/// </summary>
internal sealed class NamePolicy
{
    private readonly Rules? _allow;
    private readonly Rules? _deny;
    private readonly bool _wildcards;

    private NamePolicy(Rules? allow, Rules? deny, bool wildcards)
    {
        _allow = allow;
        _deny = deny;
        _wildcards = wildcards;
    }

    /// <summary>Allows no name at all.</summary>
    public static NamePolicy Nothing { get; } = new(new Rules([], [], [], [], []), deny: null, wildcards: false);

    /// <summary>Null: every name. Throws 422 for a policy that is not understood.</summary>
    public static NamePolicy? Of(ProvisionerDefinition definition) => definition["policy"] is { } policy ? Of(policy) : null;

    /// <summary>Throws 422 for a policy that is not understood.</summary>
    public static NamePolicy Of(JsonElement policy)
    {
        if (policy.ValueKind != JsonValueKind.Object)
        {
            throw ProvisionerDefinition.Refused("its policy is no JSON object.");
        }

        Rules? allow = null, deny = null;
        var wildcards = false;
        foreach (var member in policy.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
        {
            if (member.Name == "ssh")
            {
                continue;
            }

            if (member.Name != "x509" || member.Value.ValueKind != JsonValueKind.Object)
            {
                throw ProvisionerDefinition.Refused($"{member.Name} of its policy is not supported.");
            }

            foreach (var rule in member.Value.EnumerateObject())
            {
                switch (rule.Name)
                {
                    case "allow":
                        allow = Rules.Of(rule.Value);
                        break;
                    case "deny":
                        deny = Rules.Of(rule.Value);
                        break;
                    case "allowWildcardNames":
                        wildcards = ProvisionerDefinition.FlagOf(rule.Value, rule.Name);
                        break;
                    default:
                        throw ProvisionerDefinition.Refused($"{rule.Name} of its policy is not supported.");
                }
            }
        }

        return new NamePolicy(allow, deny, wildcards);
    }

    /// <summary>Throws 403 <c>name_not_allowed</c>. A common name that its own rules allow is not judged by what it looks like.</summary>
    public void Require(SubjectNames names)
    {
        var alike = names.PermanentIdentifiers.Append(names.CommonName).OfType<string>().Distinct(StringComparer.Ordinal)
            .Where(name => !IsAllowedCommonName(name)).Select(name => SubjectNames.FromSans(commonName: null, [name])).ToList();
        foreach (var dns in names.Dns.Concat(alike.SelectMany(like => like.Dns)))
        {
            if (!_wildcards && dns.StartsWith('*'))
            {
                throw Refused("dns", dns);
            }

            Judge("dns", dns, rules => rules.HasDns(dns));
        }

        foreach (var ip in names.Ip.Concat(alike.SelectMany(like => like.Ip)))
        {
            Judge("ip", ip.ToString(), rules => rules.HasIp(ip));
        }

        foreach (var email in names.Emails.Concat(alike.SelectMany(like => like.Emails)))
        {
            Judge("email", email, rules => rules.HasEmail(email));
        }

        foreach (var uri in names.Uris.Concat(alike.SelectMany(like => like.Uris)))
        {
            Judge("uri", uri, rules => rules.HasUri(uri));
        }
    }

    /// <summary>False as well where there are no rules for common names.</summary>
    private bool IsAllowedCommonName(string name)
    {
        if (_deny is { } denied && denied.HasCommonName(name))
        {
            throw Refused("common", name);
        }

        return _allow is { } allowed && allowed.HasCommonName(name);
    }

    private void Judge(string kind, string name, Func<Rules, bool> isIn)
    {
        if (_deny is { } denied && isIn(denied) || _allow is { } allowed && !isIn(allowed))
        {
            throw Refused(kind, name);
        }
    }

    private static ProblemException Refused(string kind, string name) => new(403, "name_not_allowed", $"{kind} name \"{name}\" not allowed");

    /// <summary>What one list names, kind by kind.</summary>
    private sealed record Rules(IReadOnlyList<string> Dns, IReadOnlyList<IPNetwork> Ip, IReadOnlyList<string> Emails, IReadOnlyList<string> UriDomains, IReadOnlyList<string> CommonNames)
    {
        public static Rules Of(JsonElement json)
        {
            if (json.ValueKind != JsonValueKind.Object)
            {
                throw ProvisionerDefinition.Refused("a list of its policy is no JSON object.");
            }

            var lists = json.EnumerateObject().ToDictionary(list => list.Name, list => ProvisionerDefinition.TextsOf(list.Value, list.Name), StringComparer.Ordinal);
            var rules = new Rules(
                [.. Take("dns").Select(Domain)],
                [.. Take("ip").Select(Network)],
                [.. Take("email").Select(rule => rule.Contains('@', StringComparison.Ordinal) ? rule : "@" + rule)],
                [.. Take("uri").Select(Domain)],
                Take("cn"));
            return lists.Keys.FirstOrDefault() is { } unknown ? throw ProvisionerDefinition.Refused($"{unknown} of its policy is not supported.") : rules;

            IReadOnlyList<string> Take(string kind) => lists.Remove(kind, out var list) ? list : [];
        }

        public bool HasDns(string name) => Dns.Any(rule => IsWithin(name, rule));

        public bool HasCommonName(string name) => CommonNames.Contains(name, StringComparer.OrdinalIgnoreCase);

        public bool HasIp(IPAddress address) => Ip.Any(network => network.Contains(address));

        /// <summary>Rules: <c>user@example.com</c>, <c>@example.com</c>.</summary>
        public bool HasEmail(string address) => address.Contains('@', StringComparison.Ordinal) && Emails.Any(rule => rule[0] == '@'
            ? address[address.LastIndexOf('@')..].Equals(rule, StringComparison.OrdinalIgnoreCase)
            : SameMailbox(address, rule));

        public bool HasUri(string uri) => Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && parsed.Host.Length > 0 && UriDomains.Any(rule => IsWithin(parsed.Host, rule));

        /// <summary>The local part is its host's to read: case counts (RFC 5321 2.4).</summary>
        private static bool SameMailbox(string address, string rule) =>
            (address.LastIndexOf('@'), rule.LastIndexOf('@')) is var (a, r) && address.AsSpan(0, a).SequenceEqual(rule.AsSpan(0, r))
            && address.AsSpan(a).Equals(rule.AsSpan(r), StringComparison.OrdinalIgnoreCase);

        /// <summary><c>example.com</c> is that name; <c>*.example.com</c> is exactly one label before it, the label <c>*</c> among them.</summary>
        private static bool IsWithin(string name, string rule)
        {
            name = name.TrimEnd('.');
            return rule.StartsWith("*.", StringComparison.Ordinal)
                ? name.Length > rule.Length - 1 && name.EndsWith(rule[1..], StringComparison.OrdinalIgnoreCase) && !name.AsSpan(0, name.Length - (rule.Length - 1)).Contains('.')
                : name.Equals(rule, StringComparison.OrdinalIgnoreCase);
        }

        /// <summary>In A-labels (RFC 5890 2.3.2.1), as certificates have them: in letters of its own, a rule would match no name.</summary>
        private static string Domain(string rule)
        {
            var name = rule.AsSpan(rule.StartsWith("*.", StringComparison.Ordinal) ? 2 : 0);
            if (name.Length > 0 && !name.ContainsAny("*/ :@") && rule[^1] != '.')
            {
                try
                {
                    return Ascii.IsValid(rule) ? rule : rule[..^name.Length] + new IdnMapping().GetAscii(name.ToString().ToLowerInvariant());
                }
                catch (ArgumentException)
                {
                    // Refused below.
                }
            }

            throw ProvisionerDefinition.Refused($"the rule {rule} of its policy is no domain such as www.example.com or *.example.com.");
        }

        private static IPNetwork Network(string rule) => IPNetwork.TryParse(rule, out var network) ? network
            : IPAddress.TryParse(rule, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw ProvisionerDefinition.Refused($"the rule {rule} of its policy is no network such as 10.0.0.0/8.");
    }
}
