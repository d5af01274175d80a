using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Enrollment;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// A device is who its certificate says: one that this tenant's Sub-CA issued itself, current or the one before, on record, in date and not revoked. Without
/// a certificate it may enrol.
/// </summary>
internal sealed class DeviceAuthenticator(Authority authority, DeviceAccess access, EnrollmentAttempt enrollment, MqttLimits limits, TimeProvider time) : IMqttAuthenticator
{
    /// <summary>Of a device that enrols: long enough to ask again.</summary>
    private static readonly TimeSpan LongestEnrollment = TimeSpan.FromMinutes(5);

    /// <summary>One request at a time.</summary>
    private static readonly MqttLimits EnrollmentLimits = new()
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
                return await AuthenticateAsync(await authority.IdentifyAsync(certificate, cancellationToken), cancellationToken);
            }

            return credentials is { UserName: { } deviceId, Password: { } token }
                ? await AuthenticateAsync(deviceId, token, credentials.Address, cancellationToken)
                : AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "A device connects with its certificate, or with its id and an enrolment token.");
        }
        catch (ProblemException e) when (e.Status < StatusCodes.Status500InternalServerError)
        {
            return AuthenticationResult.Refused(
                e.Status == StatusCodes.Status429TooManyRequests ? MqttConnectReasonCode.ServerBusy
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

        return await access.IsActiveAsync(record.Subject, cancellationToken)
            ? AuthenticationResult.Admitted(new MqttIdentity
            {
                Name = record.Subject,
                ClientId = record.Subject,
                Access = DeviceTopics.Of(record.Subject),
                Limits = limits,
                CertificateSerial = record.Serial,
                Credential = known,
                ExpiresAt = record.NotAfter,
            })
            : AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "The device is not enrolled here, or revoked.");
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
            Limits = EnrollmentLimits,
            Credential = credential,
            ExpiresAt = time.GetUtcNow() + LongestEnrollment,
        });
    }
}
