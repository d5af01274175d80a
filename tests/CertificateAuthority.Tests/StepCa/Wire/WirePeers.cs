using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Tests.Provisioners;
using IoTPlatform.Jose;
using IoTPlatform.Testing;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A real step-ca and an authority of ours, each with a JWK, an X5C and an OIDC provisioner.</summary>
public sealed class WirePeers : IAsyncLifetime
{
    public const string Jwk = "iot-bridge";
    public const string X5c = "fleet";
    public const string Oidc = "staff";
    public const string Client = "step-client";

    private CaHost _ca = null!;
    private InstalledStepCa _stepCa = null!;

    internal TestRoot Manufacturer { get; } = new("Manufacturer");

    public OidcServer Identity { get; private set; } = null!;

    internal WirePeer Theirs { get; private set; } = null!;

    internal WirePeer Ours { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _stepCa = await InstalledStepCa.CreateAsync("badgerv2", Jwk);
        Identity = await OidcServer.StartAsync(TimeProvider.System);
        var ofKey = JsonNode.Parse(await File.ReadAllTextAsync(_stepCa.Configuration))!["authority"]!["provisioners"]![0]!;
        var jwk = JsonWebKey.Parse(Pbes2Jwe.Decrypt((string)ofKey["encryptedKey"]!, InstalledStepCa.Password));
        await _stepCa.AddProvisionerAsync(OfManufacturer());
        await _stepCa.AddProvisionerAsync(Staff());
        await _stepCa.StartAsync(trusts: Identity.CaFile);
        Theirs = new WirePeer(_stepCa.Url, _stepCa.Root, new EcSignatureKey(jwk.ToECDsa(), jwk.KeyId));

        _ca = await CaHost.StartAsync();
        var staff = Staff();
        staff["roots"] = Convert.ToBase64String(await File.ReadAllBytesAsync(Identity.CaFile));
        await _ca.AddAsync(OfManufacturer());
        await _ca.AddAsync(staff);
        Ours = new WirePeer(_ca.Url, _ca.Root, _ca.TokenKey);
    }

    public async Task DisposeAsync()
    {
        foreach (var part in new IAsyncDisposable?[] { _ca, _stepCa, Identity })
        {
            if (part is not null)
            {
                await part.DisposeAsync();
            }
        }

        Theirs?.Key.Dispose();
        Manufacturer.Dispose();
    }

    /// <summary>An ID token, the same for both.</summary>
    /// <param name="change">Of its claims.</param>
    /// <param name="key">Null: the identity provider's.</param>
    public string IdToken(Action<JsonObject>? change = null, ISignatureKey? key = null)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = Identity.Issuer,
            ["aud"] = Client,
            ["sub"] = "0f9c3c1e",
            ["iat"] = now,
            ["exp"] = now + 300,
            ["email"] = "ann@example.com",
            ["email_verified"] = true,
            ["nonce"] = RandomNumberGenerator.GetHexString(32),
        };
        change?.Invoke(claims);
        return Jwt.Sign(claims, key ?? Identity.Keys[0]);
    }

    private JsonObject OfManufacturer() => new() { ["type"] = "X5C", ["name"] = X5c, ["roots"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(Manufacturer.Certificate.ExportCertificatePem())) };

    private JsonObject Staff() => new()
    {
        ["type"] = "OIDC",
        ["name"] = Oidc,
        ["clientID"] = Client,
        ["clientSecret"] = "no secret",
        ["configurationEndpoint"] = Identity.Issuer + "/.well-known/openid-configuration",
        ["admins"] = new JsonArray("admin@example.com"),
    };
}
