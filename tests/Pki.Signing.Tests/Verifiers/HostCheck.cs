using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests.Verifiers;

/// <summary>A server certificate and the host it is shown for.</summary>
internal sealed record HostCheck(string Host, X509Certificate2 Leaf);
