using System.CommandLine;
using System.Text.Json.Nodes;

namespace IoTPlatform.Iot;

/// <summary>What 'add' and 'update' say of an ACME provisioner, by step's names.</summary>
internal static class AcmeFlags
{
    private static readonly Option<bool?> RequireEab = Flag("--require-eab", "ACME: a new account needs a key of 'iot ca acme eab add'.");
    private static readonly Option<bool?> ForceCn = Flag("--force-cn", "ACME: a certificate without a common name gets its first DNS name as one.");
    private static readonly Option<string[]> Challenges = ProvisionerFlags.Texts("--challenge", "ACME: challenge that is offered (http-01, dns-01, tls-alpn-01, device-attest-01); may be repeated. The first three by default.", "challenge");
    private static readonly Option<string[]> CaaIdentities = ProvisionerFlags.Texts("--caa-identity", "ACME: domain by which CAA records name this authority; with it they are obeyed. May be repeated.", "domain");
    private static readonly Option<string[]> Formats = ProvisionerFlags.Texts("--attestation-format", "ACME, device-attest-01: format that is taken (step, apple, tpm); may be repeated. All by default.", "format");
    private static readonly Option<string?> Roots = ProvisionerFlags.Text("--attestation-roots", "ACME, device-attest-01: PEM file with the roots of the devices' manufacturers.", "file");
    private static readonly Option<string?> TermsOfService = ProvisionerFlags.Text("--terms-of-service", "ACME: address of the terms that a new account agrees to.", "url");
    private static readonly Option<string?> Website = ProvisionerFlags.Text("--website", "ACME: address of a page about this server.", "url");

    public static IReadOnlyList<Symbol> All { get; } = [RequireEab, ForceCn, Challenges, Formats, Roots, CaaIdentities, TermsOfService, Website];

    public static void Apply(Run run, JsonObject definition)
    {
        ProvisionerFlags.Put(definition, "requireEAB", run.Get(RequireEab));
        ProvisionerFlags.Put(definition, "forceCN", run.Get(ForceCn));
        ProvisionerFlags.Put(definition, "challenges", run.Get(Challenges));
        ProvisionerFlags.Put(definition, "attestationFormats", run.Get(Formats));
        ProvisionerFlags.Put(definition, "attestationRoots", run.Get(Roots) is { } roots ? Convert.ToBase64String(ProvisionerFlags.Read(roots)) : null);
        ProvisionerFlags.Put(definition, "caaIdentities", run.Get(CaaIdentities));
        ProvisionerFlags.Put(definition, "termsOfService", run.Get(TermsOfService));
        ProvisionerFlags.Put(definition, "website", run.Get(Website));
    }

    private static Option<bool?> Flag(string name, string description) => new(name) { Description = description, HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };
}
