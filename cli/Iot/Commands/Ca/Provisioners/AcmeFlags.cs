using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot;

/// <summary>What 'add' and 'update' say of an ACME provisioner, by step's names.</summary>
internal static class AcmeFlags
{
    private static readonly Option<bool?> RequireEab = Flag("--require-eab", "ACME: a new account needs a key of 'iot ca acme eab add'.");
    private static readonly Option<bool?> ForceCn = Flag("--force-cn", "ACME: a certificate without a common name gets its first DNS name as one.");
    private static readonly Option<string[]> Challenges = ProvisionerFlags.Texts("--challenge", "ACME: challenge that is offered (http-01, dns-01, tls-alpn-01, device-attest-01, wire-oidc-01, wire-dpop-01); may be repeated. The first three by default.", "challenge");
    private static readonly Option<string[]> CaaIdentities = ProvisionerFlags.Texts("--caa-identity", "ACME: domain by which CAA records name this authority; with it they are obeyed. May be repeated.", "domain");
    private static readonly Option<string[]> Formats = ProvisionerFlags.Texts("--attestation-format", "ACME, device-attest-01: format that is taken (step, apple, tpm); may be repeated. All by default.", "format");
    private static readonly Option<string?> Roots = ProvisionerFlags.Text("--attestation-roots", "ACME, device-attest-01: PEM file with the roots of the devices' manufacturers.", "file");
    private static readonly Option<string?> WireIssuer = ProvisionerFlags.Text("--wire-issuer", "ACME, wire-oidc-01: address of the persons' identity provider, which it is discovered at.", "url");
    private static readonly Option<string?> WireClient = ProvisionerFlags.Text("--wire-client-id", "ACME, wire-oidc-01: client that its ID tokens are for.", "id");
    private static readonly Option<string?> WireTransform = ProvisionerFlags.Text("--wire-transform", "ACME, wire-oidc-01: file with the template that reads name and preferred_username from the claims.", "file");
    private static readonly Option<string?> WireKey = ProvisionerFlags.Text("--wire-key", "ACME, wire-dpop-01: PEM file with the public key of the Wire server's access tokens.", "file");
    private static readonly Option<string?> WireTarget = ProvisionerFlags.Text("--wire-target", "ACME, wire-dpop-01: address of a client's access token, with {{ .DeviceID }}.", "url");
    private static readonly Option<string?> TermsOfService = ProvisionerFlags.Text("--terms-of-service", "ACME: address of the terms that a new account agrees to.", "url");
    private static readonly Option<string?> Website = ProvisionerFlags.Text("--website", "ACME: address of a page about this server.", "url");

    public static IReadOnlyList<Symbol> All { get; } = [RequireEab, ForceCn, Challenges, Formats, Roots, WireIssuer, WireClient, WireTransform, WireKey, WireTarget, CaaIdentities, TermsOfService, Website];

    public static void Apply(Run run, JsonObject definition)
    {
        ProvisionerFlags.Put(definition, "requireEAB", run.Get(RequireEab));
        ProvisionerFlags.Put(definition, "forceCN", run.Get(ForceCn));
        ProvisionerFlags.Put(definition, "challenges", run.Get(Challenges));
        ProvisionerFlags.Put(definition, "attestationFormats", run.Get(Formats));
        ProvisionerFlags.Put(definition, "attestationRoots", run.Get(Roots) is { } roots ? Convert.ToBase64String(ProvisionerFlags.Read(roots)) : null);
        Put("oidc", "provider", "discoveryBaseUrl", run.Get(WireIssuer));
        Put("oidc", "config", "clientId", run.Get(WireClient));
        Put("oidc", group: null, "transform", run.Get(WireTransform) is { } transform ? Encoding.UTF8.GetString(ProvisionerFlags.Read(transform)) : null);
        Put("dpop", group: null, "key", run.Get(WireKey) is { } key ? Convert.ToBase64String(ProvisionerFlags.Read(key)) : null);
        Put("dpop", group: null, "target", run.Get(WireTarget));
        ProvisionerFlags.Put(definition, "caaIdentities", run.Get(CaaIdentities));
        ProvisionerFlags.Put(definition, "termsOfService", run.Get(TermsOfService));
        ProvisionerFlags.Put(definition, "website", run.Get(Website));

        void Put(string part, string? group, string member, string? value)
        {
            if (value is not null)
            {
                var owner = ObjectOf(ObjectOf(ObjectOf(definition, "options"), "wire"), part);
                (group is null ? owner : ObjectOf(owner, group))[member] = value;
            }
        }
    }

    private static JsonObject ObjectOf(JsonObject owner, string member)
    {
        if (owner[member] is not JsonObject found)
        {
            owner[member] = found = [];
        }

        return found;
    }

    private static Option<bool?> Flag(string name, string description) => new(name) { Description = description, HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };
}
