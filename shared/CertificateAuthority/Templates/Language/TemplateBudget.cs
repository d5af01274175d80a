namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>What one rendering may cost, counted and not timed, so that the same template is refused on every machine.</summary>
internal sealed class TemplateBudget
{
    /// <summary>Actions, calls, their operands, and elements of lists.</summary>
    public const int MostSteps = 100_000;

    /// <summary>Characters of the result.</summary>
    public const int MostOutput = 64 * 1024;

    /// <summary>Characters that functions make on the way, all together.</summary>
    public const int MostText = 1024 * 1024;

    /// <summary>Templates within templates.</summary>
    public const int MostDepth = 32;

    private int _steps = MostSteps;
    private int _text = MostText;

    /// <summary>Throws <see cref="TemplateCallException"/>.</summary>
    public void Step(long count = 1)
    {
        if (count > _steps)
        {
            throw new TemplateCallException($"it takes more than {MostSteps} steps");
        }

        _steps -= (int)count;
    }

    /// <summary>Before the text is made. Throws <see cref="TemplateCallException"/>.</summary>
    public void Text(long characters)
    {
        if (characters > _text)
        {
            throw new TemplateCallException($"its functions make more than {MostText} characters");
        }

        _text -= (int)characters;
    }
}
