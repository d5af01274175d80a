using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>A provisioner that the product does not have: registered, it works over HTTP as those do that it has.</summary>
public sealed class TicketProvisionerTests : IAsyncLifetime
{
    private const string Forbidden = "The request was forbidden by the certificate authority: ";

    private readonly ECDsa _ticketKey = StepCaCalls.NewKey();
    private CaHost _ca = null!;

    public async Task InitializeAsync() => _ca = await CaHost.StartAsync(services: s => s.AddSingleton<IProvisioner>(new TicketProvisioner(_ticketKey)));

    public async Task DisposeAsync()
    {
        await _ca.DisposeAsync();
        _ticketKey.Dispose();
    }

    [SkippableFact]
    public async Task Sign_WithATicket_GetsWhatTheProvisionerSays()
    {
        using var key = StepCaCalls.NewKey();

        var reply = await SignAsync(StepCaCalls.Csr(key, null), Ticket("pump-7"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        var leaf = ParsedCertificate.Parse(Pki.Files.Pem.ParseCertificate(reply.Json.GetProperty("crt").GetString()!).RawData);
        leaf.Names.AllSans.ShouldBe(["pump-7.plant.test"]);
        (leaf.NotAfter - leaf.NotBefore - CertificateProfile.Backdate).ShouldBe(TimeSpan.FromMinutes(30));
        leaf.StepProvisioner.ShouldBeNull();
        var record = await _ca.Authority.FindAsync(leaf.SerialNumber.ToArray(), CancellationToken.None);
        (record!.Provisioner, record.Requester).ShouldBe(("tickets", "tickets:pump-7"));
    }

    [SkippableFact]
    public async Task Sign_BeyondWhatTheProvisionerAllows_IsRefusedInStepCasWords()
    {
        using var key = StepCaCalls.NewKey();
        using var stronger = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        (await SignAsync(StepCaCalls.Csr(key, null), Ticket("pump-8"), ("notAfter", "2h"))).ShouldBeRefused(403, Forbidden + "requested duration of 2h1m0s is more than the authorized maximum certificate duration of 1h1m0s.");
        (await SignAsync(StepCaCalls.Csr(stronger, null), Ticket("pump-8"))).ShouldBeRefused(403, Forbidden + "the plant's devices have P-256.");
        (await SignAsync(StepCaCalls.Csr(key, "other"), Ticket("pump-8"))).ShouldBeRefused(403, Forbidden + "a ticket names its device.");
    }

    [SkippableFact]
    public async Task Sign_OneTicketTwice_IsRefused()
    {
        using var key = StepCaCalls.NewKey();
        var ticket = Ticket("pump-9");

        (await SignAsync(StepCaCalls.Csr(key, null), ticket)).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync(StepCaCalls.Csr(key, null), ticket)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Renew_OfATicketsCertificate_IsRenewed()
    {
        using var key = StepCaCalls.NewKey();
        using X509Certificate2 leaf = Pki.Files.Pem.ParseCertificate((await SignAsync(StepCaCalls.Csr(key, null), Ticket("pump-10"))).Json.GetProperty("crt").GetString()!);
        using var withKey = leaf.CopyWithPrivateKey(key);
        using var client = _ca.Client(withKey);

        var reply = await client.SendAsync("/1.0/renew", "");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var renewed = Pki.Files.Pem.ParseCertificate(reply.Json.GetProperty("crt").GetString()!);
        (await _ca.Authority.FindAsync(renewed.SerialNumberBytes.ToArray(), CancellationToken.None))!.Provisioner.ShouldBe("tickets");
    }

    [SkippableFact]
    public async Task Revoke_WithATicket_IsRefused()
    {
        using var client = _ca.Client();
        using var leaf = await _ca.EnrollAsync("kept.test");

        (await client.RevokeAsync(leaf.Serial(), Ticket(leaf.Serial()))).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Provisioners_List_HasIt()
    {
        using var client = _ca.Client();

        var listed = (await client.ReadAsync("/provisioners")).Json.GetProperty("provisioners").EnumerateArray().Select(p => (p.GetProperty("type").GetString(), p.GetProperty("name").GetString()));

        listed.ShouldBe([("JWK", "iot-bridge"), ("Ticket", "tickets")]);
    }

    private async Task<StepCaReply> SignAsync(string csr, string ticket, params (string Name, string Value)[] more)
    {
        using var client = _ca.Client();
        return await client.SignAsync(csr, ticket, more);
    }

    private string Ticket(string asset) => Jwt.Sign(
        new Dictionary<string, object> { ["asset"] = asset, ["number"] = RandomNumberGenerator.GetHexString(16) }, new EcSignatureKey(_ticketKey, TicketProvisioner.KeyId));
}

/// <summary>Sells certificates for a plant's devices against tickets that the plant signs.</summary>
internal sealed class TicketProvisioner(ECDsa key) : ITokenProvisioner, IDisposable
{
    public const string KeyId = "plant";

    private readonly VerificationKey _key = VerificationKey.FromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo());

    public string Name => "tickets";

    public string Type => "Ticket";

    public ProvisionerClaims Claims { get; } = ProvisionerClaims.Default(CaHost.DefaultOptions) with
    {
        MinLifetime = TimeSpan.FromMinutes(5),
        Profile = Profiles.Leaf with { DefaultLifetime = TimeSpan.FromMinutes(30), MaxLifetime = TimeSpan.FromHours(1) },
    };

    public NamePolicy? Policy => null;

    public void Describe(Utf8JsonWriter json) => json.WriteString("plant", "north");

    public bool Recognizes(OneTimeToken token) => token.Jws.Header.KeyId == KeyId;

    public ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!token.Jws.Verify(_key, AlgorithmSet.Signatures))
        {
            throw new JoseException(JoseError.BadSignature, "The ticket is forged.");
        }

        var asset = token.Claims.GetString("asset")!;
        return ValueTask.FromResult(new SignGrant
        {
            Subject = asset,
            Names = new PlantNames(asset),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Rules = [new PlantKeys()],
            Token = new UsedToken(SHA256.HashData(token.Jws.Payload.Span), now.AddDays(1)),
        });
    }

    public void Dispose() => _key.Dispose();

    private sealed class PlantNames(string asset) : INameRule
    {
        public SubjectNames Certify(CertificateSigningRequest request) => request.Names.CommonName is null
            ? SubjectNames.FromSans($"{asset}.plant.test", [$"{asset}.plant.test"])
            : throw new ProblemException(403, "names_not_granted", "a ticket names its device");
    }

    private sealed class PlantKeys : IRequestRule
    {
        public void Check(CertificateSigningRequest request)
        {
            if (request.Key != KeyKind.P256)
            {
                throw new ProblemException(403, "key_not_granted", "the plant's devices have P-256");
            }
        }
    }
}
