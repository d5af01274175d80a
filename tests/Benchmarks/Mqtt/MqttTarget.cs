using System.Net.Security;
using IoTPlatform.Benchmarks.Servers;

namespace IoTPlatform.Benchmarks.Mqtt;

/// <summary>A broker under measurement.</summary>
/// <param name="Name">In the report.</param>
/// <param name="Port">On loopback, MQTT 3.1.1 over mTLS.</param>
/// <param name="ProcessId">Root of its process tree.</param>
/// <param name="Clients">One for each client that may be connected.</param>
internal sealed record MqttTarget(string Name, int Port, int ProcessId, IReadOnlyList<MqttLoadIdentity> Clients);

/// <param name="ClientId">Unique at the broker.</param>
/// <param name="Topic">Under which it publishes.</param>
/// <param name="Certificate">With its issuers where the broker does not know them.</param>
internal sealed record MqttLoadIdentity(string ClientId, string Topic, SslStreamCertificateContext Certificate);
