namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>A template that can't be read, or can't be rendered with the data given. The message begins with its name and the line.</summary>
internal sealed class TemplateException(string name, int line, string reason, bool isRefusal = false, Exception? inner = null)
    : Exception(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}:{line}: {reason}"), inner)
{
    public int Line { get; } = line;

    /// <summary>Without name and line.</summary>
    public string Reason { get; } = reason;

    /// <summary>The template itself refuses, by <c>fail</c>: the reason is written for who asked.</summary>
    public bool IsRefusal { get; } = isRefusal;
}

/// <summary>What a function can't do with its arguments; the run adds name and line.</summary>
internal sealed class TemplateCallException(string reason, bool isRefusal = false, Exception? inner = null) : Exception(reason, inner)
{
    public bool IsRefusal { get; } = isRefusal;
}
