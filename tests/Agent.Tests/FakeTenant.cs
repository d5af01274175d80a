using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Agent.Tests;

/// <summary>A tenant that issues what it is asked for, unless a test makes it misbehave.</summary>
internal sealed class FakeTenant : IAsyncDisposable
{
    private readonly TempFolder _temp = new();

    private FakeTenant(FaultyServer server)
    {
        Server = server;
        List = () => Revoking(number: 1);
    }

    /// <summary>A list of the Intermediate CA, in date by the fake clock.</summary>
    public byte[] Revoking(long number, params X509Certificate2[] subCas) =>
        TestRevocationList.Create(Server.Authority.Intermediate, number, Time.GetUtcNow().AddMinutes(-1), Time.GetUtcNow().AddDays(14), subCas);

    public FaultyServer Server { get; }
    public FakeTime Time { get; } = new(TimeProvider.System.GetUtcNow());
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Comes before the issuing; true when it has answered itself.</summary>
    public Func<HttpContext, SeenRequest, Task<bool>> Fault { get; set; } = (_, _) => Task.FromResult(false);
    public Func<EnrollResponse, EnrollResponse> Change { get; set; } = answer => answer;
    public string DevicePath => _temp.Combine("device");
    public DeviceSettings Settings => new() { TenantUrl = Server.Url, DeviceId = "pump-1", DeviceName = "Pump 1", DeviceType = "pump", TrustDomain = Server.Authority.TrustDomain };
    public Enrollment Enrollment => new() { Settings = Settings, Root = Server.Trust, Token = "one-time-token" };

    public static async Task<FakeTenant> StartAsync()
    {
        var tenant = new FakeTenant(await FaultyServer.StartAsync(authority: new TestAuthority(tenant: "acme")));
        tenant.Server.Answer = tenant.AnswerAsync;
        return tenant;
    }

    public DeviceFolder Open() => DeviceFolder.Open(DevicePath);

    public DeviceAgent Agent(DeviceFolder folder) => new(folder, Time);

    /// <summary>Enrols and lets go of everything again.</summary>
    public async Task EnrollAsync()
    {
        using var folder = Open();
        using var identity = await Agent(folder).EnrollAsync(Enrollment);
    }

    /// <summary>Of the device's clock.</summary>
    public TimeSpan ClockAhead { get; set; }

    /// <summary>The list of revoked Sub-CAs it relays.</summary>
    public Func<byte[]> List { get; set; }

    /// <summary>The root's list that it relays; null: 404.</summary>
    public Func<byte[]?> RootList { get; set; } = () => null;

    /// <summary>The calls that are about the device, not the list.</summary>
    public IReadOnlyList<SeenRequest> Calls => [.. Server.Seen.Where(request => request.Method == "POST")];

    public EnrollResponse Issue(SeenRequest request, string? otherName = null)
    {
        using var body = JsonDocument.Parse(request.Body);
        var csr = body.RootElement.TryGetProperty("csr", out var given) ? given.GetString() : null;
        var now = Time.GetUtcNow();
        using var certificate = csr is null
            ? Server.Authority.Device(request.ClientCertificate!, now.AddMinutes(-1), now + Lifetime)
            : Server.Authority.Device(csr, now.AddMinutes(-1), now + Lifetime, otherName);
        return new EnrollResponse
        {
            DeviceId = "pump-1",
            Certificate = certificate.ExportCertificatePem() + "\n",
            CaChain = Server.Authority.ChainPem,
            NotAfter = now + Lifetime,
            RenewAfter = now + (Lifetime * 2 / 3),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _temp.Dispose();
    }

    private async Task AnswerAsync(HttpContext context, SeenRequest request)
    {
        context.Response.Headers.Date = (Time.GetUtcNow() + ClockAhead).ToString("R");
        if (request is { Method: "GET", Path: "/crl/sub-cas" })
        {
            await context.Response.Body.WriteAsync(List());
        }
        else if (request.Path == Server.Authority.RootListPath && RootList() is { } rootList)
        {
            await context.Response.Body.WriteAsync(rootList);
        }
        else if (request.Method == "GET")
        {
            context.Response.StatusCode = 404;
        }
        else if (!await Fault(context, request))
        {
            await context.JsonAsync(Change(Issue(request)), ContractsJson.Default.EnrollResponse);
        }
    }
}
