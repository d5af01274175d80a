using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>Holds a bridge key, and renews at every endpoint with every certificate it has got.</summary>
internal sealed class BridgeAttacker(RunningProvider provider, string tenantId, X509Certificate2 first)
{
    public static readonly string[] Endpoints = ["renew", "1.0/renew", "rekey", "1.0/rekey", "bridge"];

    private readonly Dictionary<X509Certificate2, ApiCaller> _callers = [];

    /// <summary>Everything it got, with its keys.</summary>
    public List<X509Certificate2> Certificates { get; } = [first];

    /// <summary>Whether an answer was 429.</summary>
    public bool IsThrottled { get; private set; }

    /// <summary>The answer, and the new certificate if there is one.</summary>
    public async Task<Answer> RenewAsync(string path, X509Certificate2 current, string? supplied = null)
    {
        if (!_callers.TryGetValue(current, out var caller))
        {
            _callers.Add(current, caller = provider.Anonymous(current));
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = supplied ?? CertificateSigningRequest.CreatePem(key, new SubjectNames());
        var answer = path == "bridge"
            ? await caller.PostAsync($"portal/admin/tenants/{tenantId}/bridge/renew", new RenewBridgeRequest { MqttBridgeCsr = csr }, ContractsJson.Default.RenewBridgeRequest)
            : await caller.PostJsonAsync(path, path.EndsWith("rekey", StringComparison.Ordinal) ? JsonSerializer.Serialize(new { csr }) : "");
        if (supplied is null && answer.Status is (HttpStatusCode.OK or HttpStatusCode.Created))
        {
            Keep(answer, path, path == "bridge" || path.EndsWith("rekey", StringComparison.Ordinal) ? key : current.GetECDsaPrivateKey()!);
        }

        IsThrottled |= answer.Status == HttpStatusCode.TooManyRequests;
        return answer;
    }

    /// <summary>Until it is stopped, from the oldest and from the newest certificate in turn.</summary>
    public async Task FloodAsync(Func<bool> stop)
    {
        for (var i = 0; !stop(); i++)
        {
            await RenewAsync(Endpoints[i % Endpoints.Length], i % 2 == 0 ? Certificates[0] : Certificates[^1]);
        }
    }

    private void Keep(Answer answer, string path, ECDsa key)
    {
        using var json = JsonDocument.Parse(answer.Body);
        using var certificate = X509Certificate2.CreateFromPem(json.RootElement.GetProperty(path == "bridge" ? "mqtt_bridge_cert" : "crt").GetString());
        Certificates.Add(certificate.CopyWithPrivateKey(key));
    }
}
