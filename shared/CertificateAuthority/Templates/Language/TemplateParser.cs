namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Reads the grammar of Go's text/template.</summary>
internal sealed class TemplateParser
{
    /// <summary>Blocks and parentheses within each other: each is a call of this parser and of the run.</summary>
    private const int MostNested = 64;

    private const string Root = "$";

    private readonly string _name;
    private readonly List<TemplateToken> _tokens;
    private readonly Dictionary<string, TemplateNode[]> _defined = new(StringComparer.Ordinal);
    private readonly List<string> _variables = [Root];
    private int _at;
    private int _nested;
    private int _loops;

    private TemplateParser(string name, List<TemplateToken> tokens) => (_name, _tokens) = (name, tokens);

    private TemplateToken Next => _tokens[_at];

    public static (TemplateNode[] Body, IReadOnlyDictionary<string, TemplateNode[]> Defined) Parse(string name, string source)
    {
        var parser = new TemplateParser(name, TemplateLexer.Read(name, source));
        var body = parser.List(out var end);
        return end.Length == 0 ? (body, parser._defined) : throw parser.Bad($"{{{{{end}}}}} ends nothing");
    }

    /// <param name="end">The word that ended it, of which the action is still to be read; empty: the text has ended.</param>
    private TemplateNode[] List(out string end)
    {
        var nodes = new List<TemplateNode>();
        for (; ; )
        {
            var token = Take();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    nodes.Add(new TextNode(token.Line, token.Text));
                    break;
                case TokenKind.End:
                    end = "";
                    return [.. nodes];
                default:
                    if (Next is { Kind: TokenKind.Word, Text: "end" or "else" })
                    {
                        end = Take().Text;
                        return [.. nodes];
                    }

                    if (Action(token.Line) is { } node)
                    {
                        nodes.Add(node);
                    }

                    break;
            }
        }
    }

    private TemplateNode? Action(int line)
    {
        switch (Next is { Kind: TokenKind.Word } word ? word.Text : "")
        {
            case "if":
                return Branch(BranchKind.If, line);
            case "with":
                return Branch(BranchKind.With, line);
            case "range":
                return Branch(BranchKind.Range, line);
            case "template":
                Take();
                return Invoke(line, Text("template"));
            case "define":
                Take();
                Define(Text("define"), line);
                return null;
            case "block":
                Take();
                return Block(line);
            case "break" or "continue":
                var word2 = Take().Text;
                Close();
                return _loops > 0 ? new LeaveNode(line, word2 == "break") : throw Bad($"{word2} is in no range", line);
            default:
                var pipe = Pipeline();
                Close();
                return new ActionNode(line, pipe);
        }
    }

    private BranchNode Branch(BranchKind kind, int line)
    {
        Take();
        Nest(line);
        var variables = _variables.Count;
        var pipe = Pipeline(kind == BranchKind.Range);
        Close();
        _loops += kind == BranchKind.Range ? 1 : 0;
        var then = Body(line, out var end);
        _loops -= kind == BranchKind.Range ? 1 : 0;
        TemplateNode[] otherwise = [];
        if (end == "else")
        {
            if (kind != BranchKind.Range && Next is { Kind: TokenKind.Word, Text: "if" or "with" } and var chained)
            {
                // Its end is this one's, too.
                otherwise = [Branch(chained.Text == "if" ? BranchKind.If : BranchKind.With, chained.Line)];
            }
            else
            {
                Close();
                otherwise = Body(line, out end);
                if (end != "end")
                {
                    throw Bad("{{else}} comes twice", line);
                }

                Close();
            }
        }
        else
        {
            Close();
        }

        _variables.RemoveRange(variables, _variables.Count - variables);
        _nested--;
        return new BranchNode(line, kind, pipe, then, otherwise);
    }

    private TemplateNode[] Body(int line, out string end)
    {
        var variables = _variables.Count;
        var body = List(out end);
        _variables.RemoveRange(variables, _variables.Count - variables);
        return end.Length > 0 ? body : throw Bad("it is not ended by {{end}}", line);
    }

    private InvokeNode Invoke(int line, string name)
    {
        var pipe = Next.Kind == TokenKind.Close ? null : Pipeline();
        Close();
        return new InvokeNode(line, name, pipe);
    }

    private InvokeNode Block(int line)
    {
        var name = Text("block");
        var pipe = Pipeline();
        Define(name, line);
        return new InvokeNode(line, name, pipe);
    }

    private void Define(string name, int line)
    {
        Close();
        Nest(line);
        // Variables of where it is written are not those of where it is used.
        var (variables, loops) = (_variables.ToList(), _loops);
        _variables.RemoveRange(1, _variables.Count - 1);
        _loops = 0;
        var body = Body(line, out var end);
        if (end != "end")
        {
            throw Bad("{{else}} belongs to nothing", line);
        }

        Close();
        _variables.Clear();
        _variables.AddRange(variables);
        _loops = loops;
        _nested--;
        if (!_defined.TryAdd(name, body))
        {
            throw Bad($"the template {name} is defined twice", line);
        }
    }

    private PipeNode Pipeline(bool isOfRange = false)
    {
        var line = Next.Line;
        Nest(line);
        var (variables, isAssignment) = Declared(isOfRange);
        var commands = new List<CommandNode>();
        do
        {
            commands.Add(Command(isFirst: commands.Count == 0));
        }
        while (Skip(TokenKind.Pipe));
        _variables.AddRange(isAssignment ? [] : variables);
        _nested--;
        return new PipeNode(line, variables, isAssignment, [.. commands]);
    }

    /// <summary><c>$x :=</c>, <c>$x =</c>, and of a range <c>$i, $x :=</c>.</summary>
    private (string[] Variables, bool IsAssignment) Declared(bool isOfRange)
    {
        if (Next.Kind != TokenKind.Variable)
        {
            return ([], false);
        }

        var (start, names) = (_at, new List<string> { Take().Text });
        if (isOfRange && Next.Kind == TokenKind.Comma)
        {
            Take();
            names.Add(Next.Kind == TokenKind.Variable ? Take().Text : throw Bad("the range needs a second variable"));
        }

        if (Next.Kind is not (TokenKind.Declare or TokenKind.Assign))
        {
            if (names.Count > 1)
            {
                throw Bad("the range sets no variables");
            }

            _at = start;
            return ([], false);
        }

        var isAssignment = Take().Kind == TokenKind.Assign;
        if (isAssignment && names.Find(name => !_variables.Contains(name)) is { } unknown)
        {
            throw Bad($"the variable {unknown} is not declared");
        }

        return ([.. names], isAssignment);
    }

    private CommandNode Command(bool isFirst)
    {
        var line = Next.Line;
        var operands = new List<OperandNode>();
        while (Next.Kind is not (TokenKind.Pipe or TokenKind.Close or TokenKind.RightParenthesis))
        {
            operands.Add(Operand());
        }

        if (operands.Count == 0)
        {
            throw Bad("a value is missing", line);
        }

        if (operands[0] is not FunctionNode && (operands.Count > 1 || !isFirst))
        {
            throw Bad(operands.Count > 1 ? "only a function takes arguments" : "only a function takes the value before '|'", line);
        }

        return new CommandNode(line, [.. operands]);
    }

    private OperandNode Operand()
    {
        var token = Take();
        OperandNode operand = token.Kind switch
        {
            TokenKind.Constant => new ConstantNode(token.Line, token.Value),
            TokenKind.Dot => new DotNode(token.Line),
            TokenKind.Field => new FieldsNode(token.Line, new DotNode(token.Line), Fields(token.Text)),
            TokenKind.Variable => new VariableNode(token.Line, Known(token)),
            TokenKind.LeftParenthesis => Parenthesized(),
            TokenKind.Word => Word(token),
            _ => throw Bad("a value is missing", token.Line),
        };
        if (Next is not { Kind: TokenKind.Field, IsApart: false })
        {
            return operand;
        }

        return operand is ConstantNode
            ? throw Bad("a constant has no fields", token.Line)
            : new FieldsNode(token.Line, operand, Fields(Take().Text));
    }

    private OperandNode Word(TemplateToken token) => token.Text switch
    {
        "true" => new ConstantNode(token.Line, Value: true),
        "false" => new ConstantNode(token.Line, Value: false),
        "nil" => new ConstantNode(token.Line, Value: null),
        "if" or "else" or "end" or "range" or "with" or "template" or "define" or "block" or "break" or "continue" => throw Bad($"{token.Text} is no value", token.Line),
        _ => new FunctionNode(token.Line, TemplateFunctions.Find(token.Text) ?? throw Bad(TemplateFunctions.WhyNot(token.Text), token.Line)),
    };

    private PipeNode Parenthesized()
    {
        var pipe = Pipeline();
        return Skip(TokenKind.RightParenthesis) ? pipe : throw Bad("a parenthesis is not closed");
    }

    private string[] Fields(string first)
    {
        var names = new List<string> { first };
        while (Next is { Kind: TokenKind.Field, IsApart: false })
        {
            names.Add(Take().Text);
        }

        return [.. names];
    }

    private string Known(TemplateToken token) => _variables.Contains(token.Text) ? token.Text : throw Bad($"the variable {token.Text} is not declared", token.Line);

    private string Text(string of) => Next is { Kind: TokenKind.Constant, Value: string text } && Take().Line > 0 ? text : throw Bad($"{of} needs a name in quotes");

    private void Close()
    {
        if (!Skip(TokenKind.Close))
        {
            throw Bad("there is more than belongs into the action");
        }
    }

    private bool Skip(TokenKind kind)
    {
        if (Next.Kind != kind)
        {
            return false;
        }

        _at++;
        return true;
    }

    private TemplateToken Take() => Next.Kind == TokenKind.End ? Next : _tokens[_at++];

    private void Nest(int line)
    {
        if (++_nested > MostNested)
        {
            throw Bad($"more than {MostNested} blocks and parentheses are within each other", line);
        }
    }

    private TemplateException Bad(string reason, int? line = null) => new(_name, line ?? Next.Line, reason);
}
