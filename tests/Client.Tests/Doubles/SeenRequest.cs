using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Client.Tests.Doubles;

/// <summary>A request as it arrived.</summary>
internal sealed record SeenRequest(
    string Method, string Path, string Body, string Authorization, IReadOnlyDictionary<string, string> Headers, X509Certificate2? ClientCertificate);
