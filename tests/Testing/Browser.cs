using IoTPlatform.LocalServices;

namespace IoTPlatform.Testing;

/// <summary>A browser whose user clicks every warning about a certificate away.</summary>
public sealed class Browser() : FormBrowser(new() { RemoteCertificateValidationCallback = (_, _, _, _) => true });
