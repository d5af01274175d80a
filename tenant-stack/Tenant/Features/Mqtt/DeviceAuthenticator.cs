using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Enrollment;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// A device is who its certificate says: one that this tenant's Sub-CA issued itself, current or the one before, on record, in date and not revoked. Without
/// a certificate it may enrol; with one that ended less than the grace ago, renew.
/// </summary>
internal sealed class DeviceAuthenticator(Authority authority, DeviceAccess access, EnrollmentAttempt enrollment, MqttLimits limits, TenantOptions options, TimeProvider time) : IMqttAuthenticator
{
    /// <summary>Of a device that enrols, or renews after the end of its certificate: long enough to ask again.</summary>
    private static readonly TimeSpan LongestRequest = TimeSpan.FromMinutes(5);

    /// <summary>One request at a time.</summary>
    private static readonly MqttLimits RequestLimits = new()
    {
        PacketSize = 32 * 1024,
        MessagesPerSecond = 10,
        BytesPerSecond = 64 * 1024,
        InFlight = 1,
        Queue = 2,
        Subscriptions = 4,
        SessionExpiry = TimeSpan.Zero,
    };

    public async ValueTask<AuthenticationResult> AuthenticateAsync(MqttCredentials credentials, CancellationToken cancellationToken)
    {
        try
        {
            if (credentials.Certificate is { } certificate)
            {
                return await AuthenticateAsync(await authority.IdentifyForRenewalAsync(certificate, options.DeviceRenewalGrace, cancellationToken), cancellationToken);
            }

            return credentials is { UserName: { } deviceId, Password: { } token }
                ? await AuthenticateAsync(deviceId, token, credentials.Address, cancellationToken)
                : AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "A device connects with its certificate, or with its id and an enrolment token.");
        }
        catch (ProblemException e) when (e.Status < StatusCodes.Status500InternalServerError)
        {
            return AuthenticationResult.Refused(
                e.Status == StatusCodes.Status429TooManyRequests ? MqttConnectReasonCode.ServerBusy
                // A hold may end: whoever is refused for good need not come again.
                : e.Code == "certificate_on_hold" ? MqttConnectReasonCode.ServerUnavailable
                // So that it does not try for ever.
                : e.Code == "certificate_revoked" ? MqttConnectReasonCode.Banned
                : MqttConnectReasonCode.NotAuthorized,
                e.Message);
        }
    }

    private async Task<AuthenticationResult> AuthenticateAsync(KnownCertificate known, CancellationToken cancellationToken)
    {
        var record = known.Record;
        if (record.Profile != Profiles.Device.Name)
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "The client certificate is not a device's.");
        }

        if (!await access.IsActiveAsync(record.Subject, cancellationToken))
        {
            return await access.IsOnHoldAsync(record.Subject, cancellationToken)
                ? AuthenticationResult.Refused(MqttConnectReasonCode.ServerUnavailable, "The device is on hold.")
                : AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "The device is not enrolled here, or revoked.");
        }

        var now = time.GetUtcNow();
        var identity = new MqttIdentity
        {
            Name = record.Subject,
            ClientId = record.Subject,
            Access = DeviceTopics.Of(record.Subject),
            Limits = limits,
            CertificateSerial = record.Serial,
            Credential = known,
            ExpiresAt = record.NotAfter,
        };
        return AuthenticationResult.Admitted(record.NotAfter > now
            ? identity
            // Never the device itself, which may be connected with a later certificate: it can do nothing but renew.
            : identity with { Name = $"renew/{record.Subject}", Access = DeviceTopics.Renewing(record.Subject), Limits = RequestLimits, ExpiresAt = now + LongestRequest });
    }

    /// <summary>Never the device itself, which may be connected: it can do nothing but enrol.</summary>
    private async Task<AuthenticationResult> AuthenticateAsync(string deviceId, string token, string address, CancellationToken cancellationToken)
    {
        var credential = EnrollmentCredential.Of(token, address);
        await enrollment.RequireAsync(deviceId, credential, cancellationToken);
        return AuthenticationResult.Admitted(new MqttIdentity
        {
            Name = $"enroll/{deviceId}/{credential.Fingerprint}",
            ClientId = deviceId,
            Access = DeviceTopics.Enrolling(deviceId),
            Limits = RequestLimits,
            Credential = credential,
            ExpiresAt = time.GetUtcNow() + LongestRequest,
        });
    }
}
