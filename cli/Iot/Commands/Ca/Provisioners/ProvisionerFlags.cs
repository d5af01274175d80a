using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Pki.Files;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Iot;

/// <summary>What 'add' and 'update' say of a provisioner, as members of the definition that step-ca's ca.json has of it.</summary>
internal static class ProvisionerFlags
{
    private static readonly Option<string?> PublicKey = File("--public-key", "JWK: public key of whoever makes the tokens, as JSON Web Key or PEM.");
    private static readonly Option<bool> Create = new("--create") { Description = "JWK: make a new key. Its private part is kept at the authority, encrypted with the provisioner's password, as 'step ca token' fetches it." };
    private static readonly Option<string?> ProvisionerPassword = File("--provisioner-password-file", "JWK, with --create or a new password: file with the provisioner's password in its first line; '-' for stdin.");
    private static readonly Option<string?> NewPassword = File("--new-provisioner-password-file", "JWK: file with another password for the key, which stays; needs the one of now in --provisioner-password-file.");
    private static readonly Option<bool> WithoutKey = new("--remove-key") { Description = "JWK: hand the encrypted key out no more; whoever has it goes on making tokens." };
    private static readonly Option<string?> X5cRoot = File("--x5c-root", "X5C: PEM file with the roots of the certificates that sign tokens.");
    private static readonly Option<string?> ClientId = Text("--client-id", "OIDC: the client that tokens are issued to.", "id");
    private static readonly Option<string?> ClientSecret = File("--client-secret-file", "OIDC: file with the client's secret. The authority hands it out to every client, as step-ca does: only for clients whose secret is none.");
    private static readonly Option<string?> ConfigurationEndpoint = Text("--configuration-endpoint", "OIDC: https address of the identity provider's discovery document.", "url");
    private static readonly Option<string?> ListenAddress = Text("--listen-address", "OIDC: where 'step' waits for the answer of the sign-in, such as 127.0.0.1:10000.", "address");
    private static readonly Option<string[]> Domains = Texts("--domain", "OIDC: domain of e-mail addresses that get certificates; may be repeated.", "domain");
    private static readonly Option<string[]> Groups = Texts("--group", "OIDC: group whose members get certificates; may be repeated.", "group");
    private static readonly Option<string[]> Admins = Texts("--admin", "OIDC: e-mail address of a person who gets certificates for any names; may be repeated.", "address");
    private static readonly Option<string?> Min = Text("--x509-min-dur", "Shortest lifetime of a certificate, such as 5m.", "duration");
    private static readonly Option<string?> Max = Text("--x509-max-dur", "Longest lifetime, such as 720h.", "duration");
    private static readonly Option<string?> Default = Text("--x509-default-dur", "Lifetime where none is asked for.", "duration");
    private static readonly Option<string?> Issuer = Text("--issuer", "Issuer that signs its certificates, of 'iot ca issuer list'; '' for the stack's own again.", "name");
    private static readonly Option<bool?> DisableRenewal = new("--disable-renewal") { Description = "Renew nothing; --disable-renewal=false takes it back.", HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool?> AfterExpiry = new("--allow-renewal-after-expiry") { Description = "Renew also what has ended, for a token of its key.", HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string[]> Allow = Texts("--allow", "Only these names: dns:*.example.com, ip:10.0.0.0/8, email:@example.com, uri:example.com, cn:name; may be repeated.", "rule");
    private static readonly Option<string[]> Deny = Texts("--deny", "Never these names; may be repeated.", "rule");
    private static readonly Option<bool?> Wildcards = new("--allow-wildcard-names") { Description = "With --allow or --deny: also names such as *.example.com.", HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };

    public static IReadOnlyList<Symbol> All { get; } =
        [Create, PublicKey, ProvisionerPassword, NewPassword, WithoutKey, X5cRoot, ClientId, ClientSecret, ConfigurationEndpoint, ListenAddress, Domains, Groups, Admins, Min, Max, Default, Issuer, DisableRenewal, AfterExpiry, Allow, Deny, Wildcards, .. AcmeFlags.All, .. CloudFlags.All, .. TemplateFlags.All, .. LimitFlags.All];

    /// <summary>Puts into the definition what was given; the rest stays.</summary>
    public static void Apply(Run run, JsonObject definition)
    {
        if (run.Get(PublicKey) is { } publicKey)
        {
            definition["key"] = JsonNode.Parse(KeyOf(publicKey).ToPublic().ToJson());
            definition.Remove("encryptedKey");
        }

        if (run.Get(Create))
        {
            MakeKey(run, definition);
        }

        if (run.Get(NewPassword) is { } newPassword)
        {
            ChangePassword(run, definition, Credentials.Read(newPassword));
        }

        if (run.Get(WithoutKey))
        {
            definition.Remove("encryptedKey");
        }

        Put(definition, "roots", run.Get(X5cRoot) is { } roots ? Convert.ToBase64String(Read(roots)) : null);
        Put(definition, "clientID", run.Get(ClientId));
        Put(definition, "clientSecret", run.Get(ClientSecret) is { } secret ? Credentials.Read(secret) : null);
        Put(definition, "configurationEndpoint", run.Get(ConfigurationEndpoint));
        Put(definition, "listenAddress", run.Get(ListenAddress));
        Put(definition, "domains", run.Get(Domains));
        Put(definition, "groups", run.Get(Groups));
        Put(definition, "admins", run.Get(Admins));
        AcmeFlags.Apply(run, definition);
        CloudFlags.Apply(run, definition);
        PutClaims(run, definition);
        PutPolicy(run, definition);
        PutIssuer(definition, run.Get(Issuer));
        TemplateFlags.Apply(run, definition);
        LimitFlags.Apply(run, definition);
    }

    /// <param name="issuer">Empty: the stack's own; null: as it is.</param>
    internal static void PutIssuer(JsonObject definition, string? issuer)
    {
        if (issuer is null)
        {
            return;
        }

        var options = (definition["options"] as JsonObject)?.DeepClone().AsObject() ?? [];
        options.Remove("issuer");
        Put(options, "issuer", issuer.Length == 0 ? null : JsonValue.Create(issuer));
        definition["options"] = options;
    }

    private static void PutClaims(Run run, JsonObject definition)
    {
        var claims = definition["claims"] as JsonObject ?? [];
        Put(claims, "minTLSCertDuration", run.Get(Min));
        Put(claims, "maxTLSCertDuration", run.Get(Max));
        Put(claims, "defaultTLSCertDuration", run.Get(Default));
        if (run.Get(DisableRenewal) is { } disabled)
        {
            claims["disableRenewal"] = disabled;
        }

        if (run.Get(AfterExpiry) is { } afterExpiry)
        {
            claims["allowRenewalAfterExpiry"] = afterExpiry;
        }

        if (claims.Count > 0)
        {
            definition["claims"] = claims.Parent is null ? claims : claims.DeepClone();
        }
    }

    private static void PutPolicy(Run run, JsonObject definition)
    {
        var (allow, deny, wildcards) = (run.Get(Allow) ?? [], run.Get(Deny) ?? [], run.Get(Wildcards));
        if (allow.Length == 0 && deny.Length == 0 && wildcards is null)
        {
            return;
        }

        var x509 = (definition["policy"]?["x509"] as JsonObject)?.DeepClone().AsObject() ?? [];
        Put(x509, "allow", Rules(allow));
        Put(x509, "deny", Rules(deny));
        if (wildcards is { } permitted)
        {
            x509["allowWildcardNames"] = permitted;
        }

        definition["policy"] = new JsonObject { ["x509"] = x509 };
    }

    /// <summary>Null: there are none.</summary>
    internal static JsonObject? Rules(string[] rules)
    {
        var kinds = new JsonObject();
        foreach (var rule in rules)
        {
            if (rule.Split(':', 2) is not [("dns" or "ip" or "email" or "uri" or "cn") and var kind, { Length: > 0 } value])
            {
                throw CliException.Usage($"'{rule}' is no rule such as dns:*.example.com, ip:10.0.0.0/8, email:@example.com, uri:example.com or cn:name");
            }

            if (kinds[kind] is not JsonArray list)
            {
                kinds[kind] = list = [];
            }

            list.Add(value);
        }

        return kinds.Count > 0 ? kinds : null;
    }

    private static string PasswordOf(Run run) =>
        run.Get(ProvisionerPassword) is { } file ? Credentials.Read(file) : Credentials.Ask(run, "Password of the provisioner:", "--provisioner-password-file");

    private static void ChangePassword(Run run, JsonObject definition, string newPassword)
    {
        if (definition["encryptedKey"]?.ToString() is not { Length: > 0 } encrypted)
        {
            throw CliException.Usage("the provisioner has no encrypted key here whose password could be changed");
        }

        try
        {
            var plaintext = Pbes2Jwe.Decrypt(encrypted, PasswordOf(run));
            definition["encryptedKey"] = Pbes2Jwe.Encrypt(plaintext, newPassword);
            CryptographicOperations.ZeroMemory(plaintext);
        }
        catch (JoseException e)
        {
            throw new CliException(ExitCode.NotAuthorised, "wrong_password", "the provisioner's password is not the one in --provisioner-password-file", e);
        }
    }

    private static void MakeKey(Run run, JsonObject definition)
    {
        var password = PasswordOf(run);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwk = JsonWebKey.FromPrivateKey(key);
        (jwk.Use, jwk.Alg, jwk.KeyId) = ("sig", "ES256", jwk.Thumbprint());
        var plaintext = Encoding.UTF8.GetBytes(jwk.ToJson(includePrivate: true));
        definition["key"] = JsonNode.Parse(jwk.ToPublic().ToJson());
        definition["encryptedKey"] = Pbes2Jwe.Encrypt(plaintext, password);
        CryptographicOperations.ZeroMemory(plaintext);
    }

    private static JsonWebKey KeyOf(string file)
    {
        try
        {
            var text = Encoding.UTF8.GetString(Read(file));
            if (!text.Contains("-----BEGIN", StringComparison.Ordinal))
            {
                return WithId(JsonWebKey.Parse(text));
            }

            using var ec = ECDsa.Create();
            ec.ImportFromPem(text);
            return WithId(JsonWebKey.FromPublicKey(ec));
        }
        catch (Exception e) when (e is JoseException or CryptographicException or ArgumentException)
        {
            throw new CliException(ExitCode.Usage, "bad_key", $"{file} has no public key as JSON Web Key or EC key in PEM: {e.Message}", e);
        }
    }

    private static JsonWebKey WithId(JsonWebKey key)
    {
        key.KeyId ??= key.Thumbprint();
        return key;
    }

    public static byte[] Read(string file)
    {
        try
        {
            return System.IO.File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.NotFound, "no_file", $"{file} can't be read: {e.Message}", e);
        }
    }

    internal static void Put(JsonObject json, string member, JsonNode? value)
    {
        if (value is not null)
        {
            json[member] = value;
        }
    }

    internal static void Put(JsonObject json, string member, string[]? values)
    {
        if (values is { Length: > 0 })
        {
            json[member] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]);
        }
    }

    internal static Option<string?> Text(string name, string description, string value) => new(name) { Description = description, HelpName = value };

    private static Option<string?> File(string name, string description) => Text(name, description, "file");

    internal static Option<string[]> Texts(string name, string description, string value) => new(name) { Description = description, HelpName = value };
}
