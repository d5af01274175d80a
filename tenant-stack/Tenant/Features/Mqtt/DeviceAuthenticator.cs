using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>A device is who its certificate says: one that this tenant's Sub-CA issued itself, current or the one before, on record, in date and not revoked.</summary>
internal sealed class DeviceAuthenticator(Authority authority, DeviceAccess access) : IMqttAuthenticator
{
    public async ValueTask<AuthenticationResult> AuthenticateAsync(MqttCredentials credentials, CancellationToken cancellationToken)
    {
        if (credentials.Certificate is not { } certificate)
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "A device connects with its certificate.");
        }

        KnownCertificate known;
        try
        {
            known = await authority.IdentifyAsync(certificate, cancellationToken);
        }
        catch (ProblemException e) when (e.Status == StatusCodes.Status401Unauthorized)
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, e.Message);
        }

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
                CertificateSerial = record.Serial,
                ExpiresAt = record.NotAfter,
            })
            : AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "The device is not enrolled here, or revoked.");
    }
}
