namespace IoTPlatform.CertificateAuthority.Templates;

internal enum TokenKind
{
    Text,
    Open,
    Close,
    Word,
    Field,
    Variable,
    Dot,
    Constant,
    Pipe,
    Declare,
    Assign,
    Comma,
    LeftParenthesis,
    RightParenthesis,
    End,
}

/// <param name="Kind">What it is.</param>
/// <param name="Text">A word, or a name without its dot; of a variable with its dollar.</param>
/// <param name="Value">Of a constant.</param>
/// <param name="Line">From 1.</param>
/// <param name="IsApart">White space is before it.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, object? Value, int Line, bool IsApart);

/// <summary>Splits a template into text and the tokens of its actions.</summary>
internal sealed class TemplateLexer
{
    private const string LeftDelimiter = "{{";
    private const string RightDelimiter = "}}";
    private const string CommentStart = "/*";
    private const string CommentEnd = "*/";

    private readonly string _name;
    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;

    private TemplateLexer(string name, string source) => (_name, _source) = (name, source);

    public static List<TemplateToken> Read(string name, string source)
    {
        var lexer = new TemplateLexer(name, source);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsWord(char c) => c == '_' || char.IsLetterOrDigit(c);

    private void ReadAll()
    {
        var trimsStart = false;
        while (true)
        {
            var open = _source.IndexOf(LeftDelimiter, _at, StringComparison.Ordinal);
            var text = open < 0 ? _source[_at..] : _source[_at..open];
            var trimsEnd = open >= 0 && open + 3 < _source.Length && _source[open + 2] == '-' && IsSpace(_source[open + 3]);
            var shown = trimsStart ? text.TrimStart(' ', '\t', '\r', '\n') : text;
            shown = trimsEnd ? shown.TrimEnd(' ', '\t', '\r', '\n') : shown;
            if (shown.Length > 0)
            {
                Add(TokenKind.Text, shown);
            }

            _line += text.Count('\n');
            if (open < 0)
            {
                Add(TokenKind.End, "");
                return;
            }

            _at = open + LeftDelimiter.Length + (trimsEnd ? 1 : 0);
            trimsStart = ReadAction();
        }
    }

    /// <summary>To the end of the action; true: it trims what follows.</summary>
    private bool ReadAction()
    {
        var start = _line;
        var isSpaced = SkipSpace();
        if (At(CommentStart))
        {
            return ReadComment(start);
        }

        Add(TokenKind.Open, "");
        while (true)
        {
            if (_at >= _source.Length)
            {
                throw Bad("the action is not closed", start);
            }

            if (At(RightDelimiter))
            {
                _at += RightDelimiter.Length;
                Add(TokenKind.Close, "");
                return false;
            }

            if (isSpaced && At("-" + RightDelimiter))
            {
                _at += 1 + RightDelimiter.Length;
                Add(TokenKind.Close, "");
                return true;
            }

            ReadToken(isSpaced);
            isSpaced = SkipSpace();
        }
    }

    private bool ReadComment(int start)
    {
        var end = _source.IndexOf(CommentEnd, _at + CommentStart.Length, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Bad("the comment is not closed", start);
        }

        _line += _source.AsSpan(_at, end - _at).Count('\n');
        _at = end + CommentEnd.Length;
        var isSpaced = SkipSpace();
        var trims = isSpaced && At("-" + RightDelimiter);
        _at += trims ? 1 : 0;
        if (!At(RightDelimiter))
        {
            throw Bad("a comment is an action of its own", start);
        }

        _at += RightDelimiter.Length;
        return trims;
    }

    private void ReadToken(bool isApart)
    {
        var c = _source[_at];
        switch (c)
        {
            case '"':
                Add(TokenKind.Constant, "", GoLiteral.Quoted(Delimited('"')) ?? throw Bad("the text has a bad escape"), isApart);
                return;
            case '`':
                Add(TokenKind.Constant, "", Delimited('`')[1..^1], isApart);
                return;
            case '\'':
                Add(TokenKind.Constant, "", GoLiteral.Character(Delimited('\'')) ?? throw Bad("the character constant is malformed"), isApart);
                return;
            case '|':
                Single(TokenKind.Pipe, isApart);
                return;
            case ',':
                Single(TokenKind.Comma, isApart);
                return;
            case '(':
                Single(TokenKind.LeftParenthesis, isApart);
                return;
            case ')':
                Single(TokenKind.RightParenthesis, isApart);
                return;
            case '=':
                Single(TokenKind.Assign, isApart);
                return;
            case ':' when At(":="):
                _at += 2;
                Add(TokenKind.Declare, "", isApart: isApart);
                return;
            case '.' when _at + 1 >= _source.Length || !IsWord(_source[_at + 1]):
                Single(TokenKind.Dot, isApart);
                return;
            case '.' when !char.IsAsciiDigit(_source[_at + 1]):
                _at++;
                Add(TokenKind.Field, Word(), isApart: isApart);
                return;
            case '$':
                _at++;
                Add(TokenKind.Variable, "$" + Word(), isApart: isApart);
                return;
        }

        if (char.IsAsciiDigit(c) || c is '+' or '-' or '.')
        {
            Add(TokenKind.Constant, "", Number(), isApart);
        }
        else if (IsWord(c))
        {
            Add(TokenKind.Word, Word(), isApart: isApart);
        }
        else
        {
            throw Bad($"the character U+{(int)c:X4} is not understood here");
        }
    }

    private object Number()
    {
        var start = _at++;
        while (_at < _source.Length && (IsWord(_source[_at]) || _source[_at] == '.' || (_source[_at] is '+' or '-' && _source[_at - 1] is 'e' or 'E' && !_source.AsSpan(start, _at - start).ContainsAny('x', 'X'))))
        {
            _at++;
        }

        var text = _source[start.._at];
        return GoLiteral.Number(text) ?? throw Bad($"{text} is no number");
    }

    private string Word()
    {
        var start = _at;
        while (_at < _source.Length && IsWord(_source[_at]))
        {
            _at++;
        }

        return _source[start.._at];
    }

    /// <summary>With its delimiters. Only raw text may hold line feeds.</summary>
    private string Delimited(char delimiter)
    {
        var start = _at++;
        for (; _at < _source.Length; _at++)
        {
            var c = _source[_at];
            if (c == delimiter)
            {
                return _source[start..++_at];
            }

            if (c == '\n')
            {
                if (delimiter != '`')
                {
                    break;
                }

                _line++;
            }

            if (c == '\\' && delimiter != '`')
            {
                _at++;
            }
        }

        throw Bad("the text is not closed");
    }

    private bool SkipSpace()
    {
        var start = _at;
        for (; _at < _source.Length && IsSpace(_source[_at]); _at++)
        {
            _line += _source[_at] == '\n' ? 1 : 0;
        }

        return _at > start;
    }

    private bool At(string text) => string.CompareOrdinal(_source, _at, text, 0, text.Length) == 0;

    private void Single(TokenKind kind, bool isApart)
    {
        _at++;
        Add(kind, "", isApart: isApart);
    }

    private void Add(TokenKind kind, string text, object? value = null, bool isApart = false) => _tokens.Add(new TemplateToken(kind, text, value, _line, isApart));

    private TemplateException Bad(string reason, int? line = null) => new(_name, line ?? _line, reason);
}
