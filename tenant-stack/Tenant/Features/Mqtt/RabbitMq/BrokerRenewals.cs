using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.Enrollment;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>
/// Renewal by a message through the tenant's RabbitMQ. The broker says which device's login the connection has, but looks at its certificate only when it begins:
/// whoever holds it may have an ended or a revoked one. So the request has to prove the key of a good one, by the CSR's signature, and that one is renewed.
/// </summary>
internal sealed partial class BrokerRenewals(RenewDevice renew, Authority authority, DeviceCertificates certificates, IOptions<JsonOptions> json, ILogger<BrokerRenewals> log)
{
    /// <summary>Each costs signatures; devices may ask all at once.</summary>
    private const int MostAtOnce = 8;
    private readonly SemaphoreSlim _places = new(MostAtOnce, MostAtOnce);

    /// <summary>The payload of the response. A failure is one, too: the device asks again.</summary>
    public async Task<byte[]> AnswerAsync(string deviceId, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await RequestAnswer.OfAsync(async () =>
            {
                var csr = RequestAnswer.Read<RenewRequest>(payload.Span, json.Value).Csr is { } pem
                    ? DeviceCsr.Parse(pem, deviceId, certificates.SpiffeIdOf(deviceId))
                    : throw new ProblemException(400, "csr_required", "A renewal through the broker needs a CSR with the key of the certificate that is renewed.");
                return await renew.RunAsync(deviceId, csr, await FindAsync(deviceId, csr.SubjectPublicKeyInfoSha256, cancellationToken), cancellationToken);
            });
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(e, deviceId);
            return RequestAnswer.Of(ProblemTranslation.OfStatus(StatusCodes.Status500InternalServerError));
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>The device's newest certificate with this key. Throws what is wrong with it.</summary>
    private async Task<KnownCertificate> FindAsync(string deviceId, byte[] keySha256, CancellationToken cancellationToken) =>
        await authority.FindByKeyAsync(keySha256, Profiles.Device, cancellationToken) is { } record && record.Subject == deviceId
            ? await authority.IdentifyAsync(X509CertificateLoader.LoadCertificate(record.Der), cancellationToken)
            : throw new ProblemException(403, "key_not_certified", "This device has no certificate with the key of the CSR. A new key is certified over HTTPS.");

    [LoggerMessage(Level = LogLevel.Error, Message = "The renewal of device {Device} failed")]
    private partial void Failed(Exception exception, string device);
}
