using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Jose;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Tenant.Tests.Support;

/// <summary>
/// The provider's side of JOIN over real TLS with real certificates, small enough to break on purpose: each <see cref="Faults"/>
/// entry spoils one call, and the server can go away and come back on the same port.
/// </summary>
internal sealed class TestProvider : IAsyncDisposable
{
    public const string PlatformDomain = "iot.example";
    public const string JoinKey = "ABCD-EFGH-JKMN-PQRS";

    private readonly Dictionary<string, string> _subCas = new(StringComparer.Ordinal);
    private readonly List<byte[]> _validKeys = [];
    private readonly int _port = FreePort.Next();
    private readonly TaskCompletionSource _federationAnswered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _host;
    private X509Certificate2 _service;
    private X509Certificate2 _serviceIssuer;
    private WebApplication? _app;
    private byte[]? _boundKey;

    private TestProvider(string tenantId, string host)
    {
        TenantId = tenantId;
        _host = host;
        (_service, _serviceIssuer) = (ServiceOf(Authority.Intermediate), Authority.Intermediate.Certificate);
    }

    /// <summary>The next <see cref="ListenAsync"/> is with a certificate from there.</summary>
    public void ServeUnder(CaSigner issuer)
    {
        _service.Dispose();
        (_service, _serviceIssuer) = (ServiceOf(issuer), issuer.Certificate);
    }

    /// <summary>A certificate of its own from there.</summary>
    public X509Certificate2 ServiceOf(CaSigner issuer) => TestAuthority.Leaf(
        issuer, Profiles.Service, new SubjectNames { CommonName = "provider", Dns = [_host], Ip = [IPAddress.Loopback], Uris = [SpiffeId.ProviderService(PlatformDomain, ServiceNames.ProviderApi)] });

    public string TenantId { get; }
    public TestAuthority Authority { get; } = new();
    public Uri Url => new($"https://localhost:{_port}/");
    public string Fingerprint => Authority.Fingerprint;
    public NameConstraints Constraints { get; set; } = new() { PermittedUriDomains = [$"acme.{PlatformDomain}"], ExcludedDns = ["provider.example"] };
    public TenantStatus Status { get; set; } = TenantStatus.Prepared;
    public Queue<Fault> Faults { get; } = new();
    public List<string> Calls { get; } = [];
    public bool HasIdentityProvider { get; set; } = true;
    public BridgeLogin? BridgeLogin { get; set; }
    public string DiscoveryUrl { get; set; } = "https://idp.example/realms/cdm/.well-known/openid-configuration";
    public string FederationSecret { get; set; } = "s3cret-of-the-federation-client";
    public TimeSpan BridgeLifetime { get; set; } = Profiles.MqttBridge.DefaultLifetime;

    /// <summary>The events that the tenant sent, in order of arrival.</summary>
    public ConcurrentQueue<JsonElement> Events { get; } = [];

    /// <summary>How many events each batch had that was taken, and the serial number of the certificate it came with.</summary>
    public ConcurrentQueue<(int Count, string Serial)> Batches { get; } = [];

    /// <summary>Which events spoil their batch.</summary>
    public Func<JsonElement, bool> RefusesEvent { get; set; } = _ => false;

    /// <summary>Changes a bundle before it is sent.</summary>
    public Func<JoinBundle, JoinBundle> Tamper { get; set; } = bundle => bundle;

    /// <summary>Completed once the answer was fetched: a tenant asks by itself right after its start.</summary>
    public Task FederationAnswered => _federationAnswered.Task;

    public static async Task<TestProvider> StartAsync(string tenantId = "acme", string host = "localhost")
    {
        var provider = new TestProvider(tenantId, host);
        await provider.ListenAsync();
        return provider;
    }

    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = _service,
            ServerCertificateChain = [_serviceIssuer],
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (_, _, _) => true,
        })));
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default));
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        _app = builder.Build();
        _app.Use(SpoilAsync);
        _app.MapGet("/root/{fingerprint}", (string fingerprint) => fingerprint == Fingerprint ? Results.Json(new { ca = Authority.RootPem }) : Results.NotFound());
        _app.MapGet("/crl/sub-cas", () => Results.Bytes(RevokedSubCas().Der.ToArray(), "application/pkix-crl"));
        _app.MapGet($"/crl/{Authority.RootKeyId}.crl", () => RootList is { } list ? Results.Bytes(list, "application/pkix-crl") : Results.NotFound());
        _app.MapGet("/portal/admin/platform", PlatformOf);
        _app.MapPost("/portal/admin/join", JoinAsync);
        _app.MapPost("/portal/admin/join-request/{id}", RequestAsync);
        _app.MapGet("/portal/admin/tenants/{id}/join-status", StatusOf);
        _app.MapPost("/portal/admin/tenants/{id}/join-confirm", ConfirmAsync);
        _app.MapPost("/portal/admin/tenants/{id}/sub-ca/rotate", RotateAsync);
        _app.MapPost("/portal/admin/tenants/{id}/sub-ca/retire", RetireAsync);
        _app.MapPost("/portal/admin/tenants/{id}/bridge/renew", RenewBridgeAsync);
        _app.MapPost("/portal/admin/tenants/{id}/bridge/reissue", ReissueBridgeAsync);
        _app.MapGet("/portal/admin/tenants/{id}/federation", FederationOf);
        _app.MapPut("/portal/admin/tenants/{id}/federation/portal", (HttpContext http, MoveTenantPortalRequest moved) =>
        {
            PortalUrl = moved.PortalUrl;
            return FederationOf(http);
        });
        _app.MapPost("/portal/admin/tenants/{id}/events", TakeEvents);
        _app.MapGet("/portal/admin/tenants/{id}/events/subscriptions", SubscriptionsOf);
        await _app.StartAsync();
    }

    /// <summary>By which it judges proofs.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>The root's list; null: it has none.</summary>
    public byte[]? RootList { get; set; }

    /// <summary>Serial numbers of the Sub-CAs that its list says are revoked.</summary>
    public List<byte[]> Revoked { get; } = [];

    public long ListNumber { get; set; } = 1;
    public TimeSpan ListLifetime { get; set; } = TimeSpan.FromDays(14);

    private RevokedSubCas RevokedSubCas() => Authority.Intermediate.SignRevokedSubCas(new RevocationListOrder
    {
        Number = ListNumber,
        ThisUpdate = TimeProvider.System.GetUtcNow(),
        NextUpdate = TimeProvider.System.GetUtcNow() + ListLifetime,
        Revoked = [.. Revoked.Select(serial => new RevokedSerial(serial, TimeProvider.System.GetUtcNow()))],
    });

    public async Task GoAwayAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _app = null;
    }

    public async ValueTask DisposeAsync()
    {
        await GoAwayAsync();
        _service.Dispose();
        Authority.Dispose();
    }

    private async Task SpoilAsync(HttpContext http, RequestDelegate next)
    {
        var call = $"{http.Request.Method} {http.Request.Path}";
        lock (Calls)
        {
            Calls.Add(call);
        }

        var fault = Faults.TryPeek(out var first) && call.Contains(first.Path, StringComparison.Ordinal) ? Faults.Dequeue() : null;
        switch (fault)
        {
            case { Status: { } status }:
                if (fault.RetryAfter is { } seconds)
                {
                    http.Response.Headers.RetryAfter = seconds.ToString();
                }

                await Problem(status, fault.Code).ExecuteAsync(http);
                return;
            case { LosesAnswer: true }:
                // The request takes effect; the answer never arrives.
                http.Response.Body = Stream.Null;
                await next(http);
                http.Abort();
                return;
            case not null:
                http.Abort();
                return;
            default:
                await next(http);
                return;
        }
    }

    private IResult Answer(JoinRequest request)
    {
        var subCa = CertificateSigningRequest.ParsePem(request.SubCaCsr);
        var bridge = CertificateSigningRequest.ParsePem(request.MqttBridgeCsr);
        (_lastSubCa, _lastBridge) = (subCa, bridge.SubjectPublicKeyInfo.ToArray());
        return Results.Json(Tamper(Bundle(subCa, bridge)), ContractsJson.Default.JoinBundle);
    }

    private JoinBundle Bundle(CertificateSigningRequest subCa, CertificateSigningRequest bridge) => new()
    {
        TenantId = TenantId,
        Status = "joined",
        PlatformDomain = PlatformDomain,
        SignedCert = SignSubCa(subCa),
        RootCaCert = Authority.RootPem,
        CaChain = Authority.ChainPem,
        RabbitmqUrl = "amqps://broker.example:5671",
        RabbitmqMqttUrl = "mqtts://broker.example:8883",
        RabbitmqVhost = TenantId,
        RabbitmqUser = MqttBridgeName.For(TenantId),
        MqttBridgeCert = SignBridge(bridge),
        CdmIdpClientId = $"{TenantId}-federation",
        CdmIdpClientSecret = FederationSecret,
        CdmDiscoveryUrl = DiscoveryUrl,
    };

    private string SignSubCa(CertificateSigningRequest csr)
    {
        var key = Convert.ToHexString(csr.SubjectPublicKeyInfoSha256);
        if (!_subCas.TryGetValue(key, out var pem))
        {
            _subCas[key] = pem = Authority.Sign(Profiles.TenantSubCa, csr, new SubjectNames { CommonName = SubCaName.For(TenantId) }, Constraints);
            _validKeys.Insert(0, csr.SubjectPublicKeyInfo.ToArray());
        }
        return pem;
    }

    private string SignBridge(CertificateSigningRequest csr) => Authority.Sign(
        Profiles.MqttBridge with { DefaultLifetime = BridgeLifetime }, csr,
        new SubjectNames { CommonName = MqttBridgeName.For(TenantId), Uris = [SpiffeId.Bridge(TenantId, PlatformDomain)] });

    /// <summary>What opens now.</summary>
    public string OpenJoinKey { get; set; } = JoinKey;

    /// <summary>The JOIN key opens, as after <c>iot tenants replace-key</c>: the next JOIN signs the Sub-CA anew, whatever its key.</summary>
    public void ReplaceKey(string key)
    {
        (OpenJoinKey, _boundKey, Status) = (key, null, TenantStatus.Prepared);
        _subCas.Clear();
    }

    /// <summary>The chain of a Sub-CA certificate for the key of the last JOIN, as it is a second after its end.</summary>
    public string ExpiredSubCaChain() => Authority.Sign(
        Profiles.TenantSubCa with { DefaultLifetime = TimeSpan.FromSeconds(-1) }, _lastSubCa!, new SubjectNames { CommonName = SubCaName.For(TenantId) }, Constraints) + Authority.ChainPem;

    /// <summary>From now on the bridge of the last JOIN is refused so.</summary>
    public void RefuseBridge(int status, string code) => _refusedBridge = (_lastBridge!, status, code);

    private CertificateSigningRequest? _lastSubCa;
    private byte[]? _lastBridge;
    private (byte[] Key, int Status, string Code)? _refusedBridge;

    private IResult PlatformOf(HttpContext http)
    {
        if (!IsBridge(http))
        {
            return Problem(401, "client_certificate_required");
        }

        return _refusedBridge is var (key, status, code) && key.AsSpan().SequenceEqual(http.Connection.ClientCertificate!.PublicKey.ExportSubjectPublicKeyInfo())
            ? Problem(status, code)
            : Results.Json(new PlatformView { PlatformDomain = PlatformDomain, TenantId = TenantId, Serial = "1", Bridge = BridgeLogin }, ContractsJson.Default.PlatformView);
    }

    private IResult JoinAsync(HttpContext http, JoinRequest request)
    {
        if (http.Request.Headers["X-Join-Key"] != OpenJoinKey || Status == TenantStatus.Active)
        {
            return Problem(401, "join_key_refused");
        }

        return Bind(request) ?? Answer(request);
    }

    private IResult? Bind(JoinRequest request)
    {
        var csr = CertificateSigningRequest.ParsePem(request.SubCaCsr);
        if (_boundKey is not null && !_boundKey.AsSpan().SequenceEqual(csr.SubjectPublicKeyInfo.Span))
        {
            return Problem(409, "join_key_bound");
        }

        _boundKey = csr.SubjectPublicKeyInfo.ToArray();
        _requested = request;
        return null;
    }

    private JoinRequest? _requested;

    private IResult RequestAsync(string id, JoinRequest request)
    {
        if (Bind(request) is { } conflict)
        {
            return conflict;
        }

        if (Status == TenantStatus.Prepared)
        {
            Status = TenantStatus.Requested;
        }

        return Results.Accepted();
    }

    private IResult StatusOf(HttpContext http, string id)
    {
        var proof = http.Request.Headers.Authorization.ToString()["Bearer ".Length..];
        if (_boundKey is null || !IsProof(http, proof, _boundKey))
        {
            return Problem(401, "proof_refused");
        }

        var status = new JoinRequestStatus
        {
            TenantId = id,
            Status = Status,
            Reason = Status == TenantStatus.Rejected ? "not our customer" : null,
            PollAfterSeconds = Status == TenantStatus.Requested ? 1 : null,
            Bundle = Status == TenantStatus.Joined ? Bundle(CertificateSigningRequest.ParsePem(_requested!.SubCaCsr), CertificateSigningRequest.ParsePem(_requested.MqttBridgeCsr)) : null,
        };
        return Results.Json(status, ContractsJson.Default.JoinRequestStatus);
    }

    private IResult ConfirmAsync(HttpContext http, string id, JoinConfirmation confirmation)
    {
        if (_boundKey is null || !IsProof(http, confirmation.Proof, _boundKey))
        {
            return Problem(401, "proof_refused");
        }

        Status = TenantStatus.Active;
        return Results.NoContent();
    }

    private IResult RotateAsync(HttpContext http, string id, RotateSubCaRequest request)
    {
        var csr = CertificateSigningRequest.ParsePem(request.SubCaCsr);
        var claims = _validKeys.Select(key => Proof(http, request.Proof, key)).FirstOrDefault(c => c is not null);
        if (claims?.Extra.GetValueOrDefault("spki") != Base64Url.EncodeToString(csr.SubjectPublicKeyInfoSha256))
        {
            return Problem(401, "proof_refused");
        }

        if (!_subCas.ContainsKey(Convert.ToHexString(csr.SubjectPublicKeyInfoSha256)) && _validKeys.Count > 1)
        {
            return Problem(409, "rotation_in_progress");
        }

        return Results.Json(new RotatedSubCa { TenantId = TenantId, SignedCert = SignSubCa(csr), CaChain = Authority.ChainPem }, ContractsJson.Default.RotatedSubCa);
    }

    private IResult RetireAsync(HttpContext http, string id, JoinConfirmation confirmation)
    {
        var keeper = _validKeys.FirstOrDefault(key => IsProof(http, confirmation.Proof, key));
        if (keeper is null)
        {
            return Problem(401, "proof_refused");
        }

        _validKeys.RemoveAll(key => key != keeper);
        return Results.NoContent();
    }

    /// <summary>Where the tenant said that its portal is.</summary>
    public string? PortalUrl { get; private set; }

    private IResult FederationOf(HttpContext http)
    {
        if (!IsBridge(http))
        {
            return Problem(401, "certificate_refused");
        }

        if (!HasIdentityProvider)
        {
            return Problem(409, FederationCredentials.NoIdentityProvider);
        }

        http.Response.OnCompleted(() =>
        {
            _federationAnswered.TrySetResult();
            return Task.CompletedTask;
        });
        return Results.Json(
            new FederationCredentials { CdmIdpClientId = $"{TenantId}-federation", CdmIdpClientSecret = FederationSecret, CdmDiscoveryUrl = DiscoveryUrl },
            ContractsJson.Default.FederationCredentials);
    }

    private bool IsBridge(HttpContext http) =>
        http.Connection.ClientCertificate is { } caller && SubjectNames.FromCertificate(caller).CommonName == MqttBridgeName.For(TenantId);

    public static IReadOnlyList<string> EveryType { get; } =
        [DeviceEnrolled.Name, DeviceOnline.Name, DeviceOffline.Name, DeviceCommanded.Name, CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateReleased.Name, CertificateExpiring.Name, CertificateSurplus.Name];

    /// <summary>Null: as a provider that can't be asked.</summary>
    public IReadOnlyList<string>? Subscribed { get; set; } = EveryType;

    private IResult SubscriptionsOf(HttpContext http) =>
        !IsBridge(http) ? Problem(401, "certificate_refused") :
        Subscribed is null ? Problem(404, "not_found") : Results.Json(new SubscribedEvents { Types = Subscribed }, ContractsJson.Default.SubscribedEvents);

    private IResult TakeEvents(HttpContext http, ForwardedEvents sent)
    {
        if (!IsBridge(http))
        {
            return Problem(401, "certificate_refused");
        }

        if (sent.Events.Count is 0 or > ForwardedEvents.MaxEvents || sent.Events.Any(RefusesEvent))
        {
            return Problem(400, "event_invalid");
        }

        Batches.Enqueue((sent.Events.Count, http.Connection.ClientCertificate!.SerialNumber));
        foreach (var happened in sent.Events)
        {
            Events.Enqueue(happened);
        }

        return Results.NoContent();
    }

    private IResult RenewBridgeAsync(HttpContext http, string id, RenewBridgeRequest request)
    {
        if (!IsBridge(http))
        {
            return Problem(401, "certificate_refused");
        }

        BridgeLifetime = Profiles.MqttBridge.DefaultLifetime;
        return Results.Json(
            new RenewedBridge { MqttBridgeCert = SignBridge(CertificateSigningRequest.ParsePem(request.MqttBridgeCsr)), CaChain = Authority.ChainPem },
            ContractsJson.Default.RenewedBridge);
    }

    private IResult ReissueBridgeAsync(HttpContext http, string id, ReissueBridgeRequest request)
    {
        var csr = CertificateSigningRequest.ParsePem(request.MqttBridgeCsr);
        var claims = _validKeys.Select(key => Proof(http, request.Proof, key)).FirstOrDefault(c => c is not null);
        if (claims?.Extra.GetValueOrDefault("spki") != Base64Url.EncodeToString(csr.SubjectPublicKeyInfoSha256))
        {
            return Problem(401, "proof_refused");
        }

        BridgeLifetime = Profiles.MqttBridge.DefaultLifetime;
        return Results.Json(new RenewedBridge { MqttBridgeCert = SignBridge(csr), CaChain = Authority.ChainPem }, ContractsJson.Default.RenewedBridge);
    }

    private bool IsProof(HttpContext http, string proof, byte[] key) => Proof(http, proof, key) is not null;

    private KeyProofClaims? Proof(HttpContext http, string proof, byte[] key)
    {
        try
        {
            return KeyProof.Verify(proof, key, TenantId, new Uri(Url, http.Request.Path), Time);
        }
        catch (JoseException)
        {
            return null;
        }
    }

    private static IResult Problem(int status, string code) =>
        Results.Json(new ApiProblem { Title = "Refused", Status = status, Code = code, Detail = $"test: {code}" }, ContractsJson.Default.ApiProblem, statusCode: status);
}
