using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Tenant.Portal;

/// <summary>What a person pastes on a device to enrol it. A class, not a record: it carries the one-time token.</summary>
internal sealed class EnrolmentLines
{
    /// <summary>All of it in one line, as for a QR code.</summary>
    public required string Text { get; init; }

    /// <summary>For <c>iot device enroll --env-file</c>.</summary>
    public required string EnvFile { get; init; }
    public required string Agent { get; init; }

    /// <summary>The root by its fingerprint, a key, a CSR, the certificate: what docs/devices-without-agent.md explains. Needs curl, OpenSSL and jq.</summary>
    public required string Curl { get; init; }

    /// <summary>In the folder of the lines above. Null: the broker is not this tenant's own.</summary>
    public string? Mosquitto { get; init; }

    /// <param name="token">Just made.</param>
    /// <param name="hasOtherBroker">Devices connect to a RabbitMQ.</param>
    /// <param name="mqttPort">Of the embedded broker, without ALPN; null: it is at the port of HTTPS alone.</param>
    public static EnrolmentLines Of(CreatedEnrollmentToken token, bool hasOtherBroker, int? mqttPort)
    {
        var url = new Uri(token.TenantUrl);
        var device = token.DeviceId ?? "DEVICE-ID";
        var env = $"{token.DeviceId ?? "device"}.env";
        var broker = mqttPort is { } port ? $"-h {url.IdnHost} -p {port}" : $"-h {url.IdnHost} -p {url.Port} --tls-alpn mqtt";
        return new EnrolmentLines
        {
            Text = EnrollmentText.Of(token).Write(),
            EnvFile = $"IOT_TENANT_URL={token.TenantUrl}\nSTEP_CA_FINGERPRINT={token.RootFingerprint}\nIOT_TRUST_DOMAIN={token.TrustDomain}\nIOT_ENROLLMENT_TOKEN={token.Token}\n",
            Agent = $"chmod 600 {env}\niot device enroll {device} --env-file {env}\niot device run {device} --telemetry system",
            // The token stands in a file, because every process of a machine sees command lines; printf is the shell's own.
            Curl = $$"""
                umask 077
                TENANT={{token.TenantUrl.TrimEnd('/')}}
                DEVICE={{device}}
                printf 'Authorization: Bearer %s\n' '{{token.Token}}' > authorization
                curl -sS --fail --insecure "$TENANT/roots.pem" --output roots.pem
                openssl x509 -in roots.pem -out root_ca.crt
                echo "{{token.RootFingerprint}}  -" > fingerprint
                openssl x509 -in root_ca.crt -outform der | sha256sum --check --quiet fingerprint || rm root_ca.crt
                openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout device.key -subj "/CN=$DEVICE" -out device.csr
                jq -n --rawfile csr device.csr '{csr: $csr}' > request.json
                curl -sS --fail-with-body --cacert root_ca.crt --header @authorization --header 'Content-Type: application/json' --data @request.json "$TENANT/devices/$DEVICE/enroll" > answer.json
                jq -r .certificate answer.json > device.crt
                jq -r '.certificate, .ca_chain' answer.json > device-chain.crt
                rm authorization
                """.ReplaceLineEndings("\n"),
            Mosquitto = hasOtherBroker ? null : $$"""
                mosquitto_sub {{broker}} --cafile root_ca.crt --cert device-chain.crt --key device.key -i {{device}} -V 5 -q 1 -t 'devices/{{device}}/commands/#' -v
                mosquitto_pub {{broker}} --cafile root_ca.crt --cert device-chain.crt --key device.key -i {{device}} -V 5 -q 1 -t devices/{{device}}/telemetry -m '{"celsius": 21.5}'
                """.ReplaceLineEndings("\n"),
        };
    }
}
