namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>A template that was read once, to be rendered often, by many at a time.</summary>
internal sealed class TemplateProgram
{
    /// <summary>Of its text.</summary>
    public const int MaxLength = 64 * 1024;

    private readonly TemplateNode[] _body;
    private readonly IReadOnlyDictionary<string, TemplateNode[]> _defined;

    private TemplateProgram(string name, TemplateNode[] body, IReadOnlyDictionary<string, TemplateNode[]> defined) => (Name, _body, _defined) = (name, body, defined);

    /// <summary>For messages: the file it came from.</summary>
    public string Name { get; }

    /// <summary>Throws <see cref="TemplateException"/> with the line.</summary>
    public static TemplateProgram Read(string name, string source)
    {
        if (source.Length > MaxLength)
        {
            throw new TemplateException(name, 1, $"it has more than {MaxLength} characters");
        }

        var (body, defined) = TemplateParser.Parse(name, source);
        return new TemplateProgram(name, body, defined);
    }

    /// <param name="data">The dot.</param>
    /// <param name="time">Of functions such as <c>now</c>.</param>
    public string Render(object? data, TimeProvider time) => new TemplateRun(this, time).Render(_body, data);

    /// <summary>Null: none of this name is defined.</summary>
    internal TemplateNode[]? Find(string name) => _defined.GetValueOrDefault(name);
}
